import { canonicalClassName, lookUpClass } from './classes.ts';
import { type Issue, invalid, notAvailable } from './issue.ts';
import type { Path } from './path.ts';
import { isMapping } from './read-json.ts';
import { requiredArguments } from './scheduler-classes.ts';
import { memberClasses, schedulerClasses } from './scheduler-keys.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** Checks the rules across the keys of a whole scheduler section. Says nothing about keys of the wrong type. */
export function schedulerRules(scheduler: Mapping): Issue[] {
  const { name, config, warmup } = scheduler;
  const warm = isMapping(warmup) ? warmupRules(warmup) : [];
  if (typeof name !== 'string')
    return name === undefined ? [invalid(['name'], 'missing; expected the name of the scheduler'), ...warm] : warm;
  const className = canonicalClassName(schedulerClasses, name);
  const given = isMapping(config) ? config : {};
  return [
    ...classRules(className, given, ['config']),
    ...(className === 'SequentialLR' || className === 'ChainedScheduler' ? memberRules(given['schedulers']) : []),
    ...(className === 'SequentialLR' ? milestoneRules(given) : []),
    ...(className === 'ReduceLROnPlateau' && scheduler['interval'] === 'step' ? [plateauInterval()] : []),
    ...warm,
  ];
}

function classRules(className: string, config: Mapping, path: Path): Issue[] {
  const missing = (requiredArguments[className] ?? []).filter((key) => config[key] === undefined);
  return [
    ...missing.map((key) => invalid([...path, key], `missing; ${className} needs it`)),
    ...(className === 'OneCycleLR' ? oneCycleRules(config, path) : []),
  ];
}

/** torch.optim.lr_scheduler.OneCycleLR: "You must define either total_steps OR (epochs AND steps_per_epoch)". */
function oneCycleRules({ total_steps: total = null, epochs = null, steps_per_epoch: perEpoch = null }: Mapping, path: Path): Issue[] {
  if (total !== null || (epochs !== null && perEpoch !== null)) return [];
  return [invalid([...path, 'total_steps'], 'missing; OneCycleLR needs it (num_steps is the whole stage), or epochs and steps_per_epoch')];
}

function memberRules(schedulers: unknown): Issue[] {
  if (!Array.isArray(schedulers)) return [];
  return (schedulers as readonly unknown[]).flatMap((member, index) => {
    if (!isMapping(member)) return [];
    const path = ['config', 'schedulers', index];
    const { name } = member;
    if (typeof name !== 'string')
      return name === undefined ? [invalid([...path, 'name'], 'missing; expected the name of the scheduler')] : [];
    const found = lookUpClass(memberClasses, name);
    if (found.kind !== 'available') return [];
    const config = isMapping(member['config']) ? member['config'] : {};
    const cycles = Object.hasOwn(found.config.shape, 'cycle_momentum') && config['cycle_momentum'] !== false;
    return [
      // T_max has a default of ours.
      ...classRules(found.name, { T_max: 'num_steps', ...config }, [...path, 'config']),
      ...(cycles
        ? [
            notAvailable(
              [...path, 'config', 'cycle_momentum'],
              `cycling the momentum is not available for a ${found.name} in a list (torch's default is true); set it to false`,
            ),
          ]
        : []),
    ];
  });
}

/** torch.optim.lr_scheduler.SequentialLR: one milestone fewer than schedulers. */
function milestoneRules({ schedulers, milestones }: Mapping): Issue[] {
  if (!Array.isArray(schedulers) || !Array.isArray(milestones)) return [];
  const path = ['config', 'milestones'];
  if (milestones.length !== schedulers.length - 1) {
    return [invalid(path, `expected ${schedulers.length - 1} (one fewer than schedulers), received ${milestones.length}`)];
  }
  const rising = (milestones as readonly unknown[]).every((value, index) => index === 0 || Number(value) > Number(milestones[index - 1]));
  return rising ? [] : [invalid(path, `expected rising numbers, received ${JSON.stringify(milestones)}`)];
}

function plateauInterval(): Issue {
  return invalid(
    ['interval'],
    'ReduceLROnPlateau is stepped after each epoch; with "step" it would judge one validation again at every step; set interval to epoch',
  );
}

function warmupRules({ steps = null, fraction = null }: Mapping): Issue[] {
  if ((steps === null) !== (fraction === null)) return [];
  return [
    invalid(
      ['warmup'],
      steps === null ? 'expected steps or fraction, received neither' : 'expected either steps or fraction, received both',
    ),
  ];
}
