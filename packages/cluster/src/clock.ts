/** Milliseconds since 1970. Passed in wherever time matters, so that tests own it. */
export type Clock = () => number
