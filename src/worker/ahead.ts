/** Argument of a worker process that was forked ahead of its work. */
export const AHEAD = 'ahead';

/** Message to a worker that holds: it may poll. */
export const POLL = 'poll';
