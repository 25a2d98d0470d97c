import { createWorker, startRun } from 'rootstock';

const worker = await createWorker(); // trains; it may as well live in another process
const working = worker.run();
const run = await startRun(process.argv[2] ?? 'run.yaml'); // or what defineRun({...}) returns
for await (const event of run.events()) console.log(event.event);
const { output, test } = await run.result();
console.log(output, test);
await run.close();
worker.shutdown();
await working;
