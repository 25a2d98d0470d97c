import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Benchmark, type Measurement, type Sample, toSample } from './benchmark.ts';
import { ensureBuild } from './build.ts';
import { abbaOrder, median } from './statistics.ts';
import { runOurTutorial, runPhysicsml, type TutorialResult } from './tutorial.ts';
import { findMolecules, PHASES, writeMolecules } from './tutorial-files.ts';

/** Names the Python that has physicsml. */
const PYTHON = 'ROOTSTOCK_PHYSICSML_PYTHON';

/**
 * What physicsml 0.6.0 took on another machine, one thread, quiet: seconds from start to saved model (16 of them import), ms per step of the three
 * phases. Its prediction was not measured by batches there.
 */
const REFERENCE: TutorialResult = { wallSeconds: 38, stepMs: [47.6, 38.6, 55.4], predictMs: Number.NaN, importSeconds: 16 };

/** The original's own tutorial. */
export const b4: Benchmark = {
  id: 'B4',
  title: 'tutorial',
  measures:
    "physicsml's transfer-learning tutorial on 800 featurised QM9 molecules: seconds from the start of `rootstock run` (own server, everything on) to its end, model saved; ms per step between the first and the last step of each phase; ms per molecule of a prediction",
  against: `physicsml in Python on the same molecules, from the start of the interpreter to the saved model, import included (${PYTHON}; without it, figures from another machine)`,
  unit: 'ratio',
  absoluteUnit: 's',
  target: 0.33,
  stretch: 0.2,
  secondsPerPair: 60,
  async run({ samples, seed, directory, say }) {
    const molecules = findMolecules();
    if (molecules === undefined) {
      say('left out: it needs the QM9 molecules; name the parquet file in ROOTSTOCK_QM9_PARQUET');
      return [];
    }
    const python = process.env[PYTHON];
    if (python === undefined) say(`against figures from another machine: ${PYTHON} names no Python with physicsml`);
    ensureBuild(say);
    await writeMolecules(directory, molecules, seed);
    const pairs: { readonly ours: TutorialResult; readonly baseline: TutorialResult }[] = [];
    for (const [pair, order] of abbaOrder(samples + 1).entries()) {
      const found = { ours: REFERENCE, baseline: REFERENCE };
      for (const side of order) {
        const own = join(directory, `${side}-${pair}`);
        await mkdir(own);
        if (side === 'ours') found.ours = await runOurTutorial(directory, own, seed);
        else if (python !== undefined) found.baseline = await runPhysicsml(python, directory, own);
        say(
          `pair ${pair}: ${side} ${found[side].wallSeconds.toFixed(1)} s, steps ${found[side].stepMs.map((ms) => ms.toFixed(1)).join(' / ')} ms`,
        );
      }
      pairs.push(found);
    }
    return [...figures(pairs, python !== undefined)];
  },
};

function figures(
  pairs: readonly { readonly ours: TutorialResult; readonly baseline: TutorialResult }[],
  sameMachine: boolean,
): readonly Measurement[] {
  const by = (read: (result: TutorialResult) => number): readonly Sample[] =>
    pairs.map(({ ours, baseline }) => toSample(read(ours), read(baseline)));
  const imports = median(pairs.slice(1).map(({ baseline }) => baseline.importSeconds));
  const machine = sameMachine ? [] : ['The baseline is from another machine: no side by side.'];
  const steps = PHASES.map(({ label, epochs, batches }, phase): Measurement => {
    const notes = [`${epochs} epochs of ${batches} batches.`, ...machine];
    return { label: `${label}, one step`, samples: by(({ stepMs }) => stepMs[phase] ?? Number.NaN), notes, absoluteUnit: 'ms' };
  });
  const predicted: Measurement = {
    label: 'prediction, per molecule',
    samples: by(({ predictMs }) => predictMs),
    notes: [
      '1,000 molecules by 128. Ours is the whole command, its start included; the baseline is model.predict in a process that has loaded everything.',
    ],
    absoluteUnit: 'ms',
  };
  return [
    {
      label: 'start to saved model',
      samples: by(({ wallSeconds }) => wallSeconds),
      notes: [`Of the baseline, ${imports.toFixed(1)} s are import.`, ...machine],
    },
    ...steps,
    ...(sameMachine ? [predicted] : []),
  ];
}
