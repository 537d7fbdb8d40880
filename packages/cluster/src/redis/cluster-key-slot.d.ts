declare module 'cluster-key-slot' {
  /** The slot of `key` in a Redis Cluster, from 0 to 16383. */
  function keySlot(key: string): number
  export = keySlot
}
