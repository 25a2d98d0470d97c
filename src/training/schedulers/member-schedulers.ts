import type { Json, JsonObject } from '../../contracts/json.ts';
import { invalidArgument, type TorchArguments } from '../torch-arguments.ts';
import { refuseMomentumCycle } from './momentum-cycle.ts';

/** One scheduler in the list of a SequentialLR or ChainedScheduler. */
export interface MemberScheduler {
  /** Canonical torch name. */
  readonly name: string;
  readonly config: TorchArguments;
}

/** Reads `schedulers`. Throws STAGE_INVALID when it is no list of mappings {name, config}, NOT_AVAILABLE for one that cycles the momentum. */
export function memberSchedulers(config: TorchArguments): readonly MemberScheduler[] {
  const list = config.values['schedulers'];
  if (!Array.isArray(list) || list.length === 0) throw invalidArgument(config, 'schedulers', 'a non-empty list of mappings {name, config}');
  return (list as readonly Json[]).map((value, index) => {
    const { name, config: values = {} } = (value ?? {}) as JsonObject;
    if (typeof name !== 'string') throw invalidArgument(config, 'schedulers', 'a non-empty list of mappings {name, config}');
    const member = { name, config: { owner: `${config.owner}.config.schedulers.${index} ${name}`, values: values as JsonObject } };
    refuseMomentumCycle(name, member.config);
    return member;
  });
}
