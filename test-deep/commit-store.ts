// One real commit: a blob, then a named document that refers to it. Run under strace by store-strace.test.ts.
import { openFsStore } from '../src/artifacts/fs-store.ts';

const [directory = ''] = process.argv.slice(2);
const store = await openFsStore(directory);
const ref = await store.put([Buffer.alloc(1024 * 1024, 7)]);
await store.createIfAbsent('runs/committed', Buffer.from(JSON.stringify(ref)));
process.stdout.write('committed\n');
