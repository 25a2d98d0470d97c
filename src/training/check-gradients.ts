import { plural } from '../contracts/plural.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import { drainLosses } from './check-losses.ts';
import type { FitRun } from './fit-run.ts';
import type { Gradients } from './gradient-clipping.ts';

/**
 * Checks loss and gradients of the optimizer step at hand, before clipping and update (detect_anomaly). Reads every gradient back from the
 * device, so it is slow. NON_FINITE_LOSS, or NON_FINITE_GRADIENT that names each parameter whose gradient holds a NaN or an infinity;
 * a retry gives the same.
 */
export async function checkGradients(run: FitRun, gradients: Gradients): Promise<void> {
  await drainLosses(run);
  const problems = [];
  for (const [path, gradient] of Object.entries(gradients)) {
    const values = Float32Array.from(await gradient.data());
    const bad = values.filter((value) => !Number.isFinite(value)).length;
    if (bad > 0)
      problems.push({
        where: path,
        text: `${bad} of ${values.length} ${plural(values.length, 'value')} of its gradient ${plural(values.length, 'is', 'are')} not finite`,
      });
  }
  if (problems.length === 0) return;
  const { epoch, batch, step } = run.position;
  const { name } = run.setup.stage;
  throw new RootstockError(
    'NON_FINITE_GRADIENT',
    composeMessage(
      `The loss of stage "${name}" is finite at optimizer step ${step + 1} (epoch ${epoch}, batch ${batch}; both from 0), but not every gradient is.`,
      problems,
      'look at what the first of these modules divides by or takes a root of; a lower optimizer.config.lr may avoid it.',
    ),
    { stage: name, step: step + 1, epoch, batch, parameters: problems.map(({ where }) => where) },
  );
}
