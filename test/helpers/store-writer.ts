// Child process of a test: counts a pointer up and takes part in a race for documents; prints how many it created.
import { openFsStore } from '../../src/artifacts/fs-store.ts';

const [directory = '', writer = '', increments = ''] = process.argv.slice(2);
const store = await openFsStore(directory);
let won = 0;
for (let i = 0; i < Number(increments); i += 1) {
  for (;;) {
    const current = await store.read('counter');
    const next = String(Number(current === undefined ? 0 : Buffer.from(current).toString()) + 1);
    if (await store.compareAndSet('counter', current ?? null, Buffer.from(next))) break;
  }
  if ((await store.createIfAbsent(`races/${i}`, Buffer.from(writer))).created) won += 1;
}
process.stdout.write(`${won}\n`);
