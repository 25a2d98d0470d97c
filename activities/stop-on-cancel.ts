import type { Context } from '@temporalio/activity';
import type { TrainerHandle } from '../src/trainer-client/trainer-process.ts';

/** How long a trainer may take to commit what it has when it is asked to stop; then it is killed, and the stage goes on from the snapshot before. */
const SAVE_LIMIT_MS = 60_000;

/**
 * Stops a trainer when its activity is cancelled. On cancel, pause, reset and worker shutdown it saves a snapshot first; when the
 * server has forgotten the attempt (notFound, timedOut) another one may own the stage, so nothing is committed. Returns an undo.
 */
export function stopOnCancel(handle: TrainerHandle, context: Context): () => void {
  const stop = () => {
    const why = context.cancellationDetails;
    if (why?.notFound === true || why?.timedOut === true) {
      handle.kill();
      return;
    }
    handle.save(true);
    const limit = setTimeout(() => handle.kill(), SAVE_LIMIT_MS);
    const clear = () => clearTimeout(limit);
    handle.outcome.then(clear, clear);
  };
  if (context.cancellationSignal.aborted) stop();
  else context.cancellationSignal.addEventListener('abort', stop, { once: true });
  return () => context.cancellationSignal.removeEventListener('abort', stop);
}
