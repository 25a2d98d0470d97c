import { type Benchmark, measurePairs } from './benchmark.ts';
import { ensureBuild } from './build.ts';
import { prepareWorkload, runBare, runDurable, threeStages } from './durable-run.ts';
import { countSteps } from './workload.ts';

/** Everything on, on our kernels, against what stock tfjs does with the same network. */
export const b2: Benchmark = {
  id: 'B2',
  title: 'durable, our kernels',
  measures: 'wall of `rootstock run` as in B1, everything on / wall of the same stages on stock tfjs wasm',
  against:
    "a bare loop on tfjs's wasm backend as it comes from npm (SIMD, one thread), Adam written with tfjs ops; its clock starts when its modules are loaded",
  unit: 'ratio',
  absoluteUnit: 's',
  target: 0.5,
  stretch: 0.2,
  secondsPerPair: 100,
  async run({ samples, seed, directory, say }) {
    ensureBuild(say);
    // The stock side gets the minute, so that the durable side's fixed costs weigh no less than they would.
    const workload = await prepareWorkload(threeStages(directory, seed), { kernels: 'stock', seconds: 60, say });
    const { loss } = await runBare(workload, 'pack');
    const losses: number[] = [];
    const pairs = await measurePairs(samples, {
      async ours(pair) {
        const { wallMs } = await runDurable(workload, pair);
        say(`pair ${pair}: durable ${(wallMs / 1000).toFixed(1)} s`);
        return wallMs / 1000;
      },
      async baseline(pair) {
        const stock = await runBare(workload, 'stock');
        losses.push(stock.loss);
        say(`pair ${pair}: stock ${(stock.wallMs / 1000).toFixed(1)} s`);
        return stock.wallMs / 1000;
      },
    });
    return [
      {
        label: 'MLP',
        samples: pairs,
        notes: [
          `${countSteps(workload)} steps of batch 64, MLP 128-512-512-512-1, Adam, shuffle off.`,
          `Loss of the last batch: ${loss.toPrecision(4)} on our kernels, ${(losses[0] ?? Number.NaN).toPrecision(4)} on stock ones.`,
        ],
      },
    ];
  },
};
