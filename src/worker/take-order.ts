import type { Mailbox } from './mailbox.ts';
import type { ServeMessage } from './serve.ts';

/** Waits for what this process is to serve; ends the process when its parent goes without a word. */
export async function takeOrder(mailbox: Mailbox): Promise<ServeMessage> {
  const leave = () => process.exit(0);
  process.once('disconnect', leave);
  if (!process.connected) leave();
  const message = (await mailbox.first()) as ServeMessage;
  process.off('disconnect', leave);
  return message;
}
