/** Milliseconds since 1970. An argument wherever time matters, so that tests control it. */
export type Clock = () => number
