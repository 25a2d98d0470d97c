/** Argument of a worker process that was forked ahead of its work. */
export const AHEAD = 'ahead';
