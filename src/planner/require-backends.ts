import type { Plan } from '../contracts/plan.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import { probeBackends } from '../kernels/probe.ts';

/** Checks that every backend the stages name can be loaded here. BACKEND_UNAVAILABLE says what `rootstock doctor` says. */
export async function requireBackends({ stages, baseline }: Plan): Promise<void> {
  const all = baseline === null ? stages : [...stages, baseline];
  // wasm and cpu come with Rootstock itself; only the optional ones are worth a child process that tries them.
  const optional = all.filter(({ trainer: { backend } }) => backend !== 'wasm' && backend !== 'cpu');
  if (optional.length === 0) return;
  const probes = await probeBackends();
  const problems = optional.flatMap((stage) => {
    const probe = probes.find(({ name }) => name === stage.trainer.backend);
    if (probe?.available === true) return [];
    return [
      { where: `stage ${stage.name}`, text: `needs the backend "${stage.trainer.backend}". ${probe?.why ?? 'Nothing is known of it.'}` },
    ];
  });
  if (problems.length === 0) return;
  const available = probes.filter((probe) => probe.available).map(({ name }) => name);
  throw new RootstockError(
    'BACKEND_UNAVAILABLE',
    composeMessage(
      'The accelerator that the run asks for is not available on this machine.',
      problems,
      `install what is missing (\`rootstock doctor\` shows what there is), or use trainer.accelerator: cpu; available here: ${available.join(', ')}.`,
    ),
    { available },
  );
}
