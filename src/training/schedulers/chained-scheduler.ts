import { cosPi } from '../exact-math.ts';
import { countArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import { type MemberScheduler, memberSchedulers } from './member-schedulers.ts';
import { rateCurve } from './rate-curves.ts';
import type { RateCurve } from './scheduler.ts';
import { swaShare } from './swa-lr.ts';

/** torch's chainable form: the next rate from the current one, at the count-th call of `step()`; count 0 is the scheduler's construction. */
type ChainStep = (rate: number, count: number, baseLr: number) => number;

/**
 * torch ChainedScheduler: at every count each scheduler of the list changes the rate that the one before it left. Those that multiply
 * the rate therefore multiply; CosineAnnealingWarmRestarts, OneCycleLR and CyclicLR replace it. The rate is a recursion from
 * count 0; the newest value is kept, and an earlier count starts it again.
 */
export function chainedScheduler(config: TorchArguments): RateCurve {
  const steps = memberSchedulers(config).map(chainStep);
  const newest = new Map<number, { readonly count: number; readonly rate: number }>();
  return (count, baseLr) => {
    const known = newest.get(baseLr);
    let { count: at, rate } = known !== undefined && known.count <= count ? known : { count: -1, rate: baseLr };
    while (at < count) {
      at += 1;
      rate = steps.reduce((current, step) => step(current, at, baseLr), rate);
    }
    newest.set(baseLr, { count: at, rate });
    return rate;
  };
}

function chainStep(member: MemberScheduler): ChainStep {
  const curve = rateCurve(member.name, member.config);
  if (member.name === 'CosineAnnealingLR') return cosineStep(member.config);
  if (member.name === 'SWALR') return swaStep(member.config);
  if (REPLACING.has(member.name)) return (_rate, count, baseLr) => curve(count, baseLr);
  return (rate, count) => {
    const before = count === 0 ? 1 : curve(count - 1, 1);
    // A rate of 0 stays: nothing multiplies it away.
    return before === 0 ? rate : rate * (curve(count, 1) / before);
  };
}

const REPLACING: ReadonlySet<string> = new Set(['CosineAnnealingWarmRestarts', 'CyclicLR', 'OneCycleLR']);

/** eta_min + (rate - eta_min) * c(count) / c(count - 1) with c(n) = 1 + cos(pi * n / T_max); at the turn, where c is 0, the first step up. */
function cosineStep(config: TorchArguments): ChainStep {
  const tMax = countArgument(config, 'T_max', { least: 1 });
  const etaMin = numberArgument(config, 'eta_min', 0);
  const share = (count: number): number => 1 + cosPi(count / tMax);
  return (rate, count, baseLr) => {
    if (count === 0) return rate;
    if ((count - 1 - tMax) % (2 * tMax) === 0) return rate + ((baseLr - etaMin) * (1 - cosPi(1 / tMax))) / 2;
    return etaMin + (rate - etaMin) * (share(count) / share(count - 1));
  };
}

/** Takes out of the rate what swa_lr has put in so far, and mixes anew. */
function swaStep(config: TorchArguments): ChainStep {
  const target = numberArgument(config, 'swa_lr');
  const share = swaShare(config);
  return (rate, count) => {
    const before = count === 0 ? 0 : share(count - 1);
    const now = share(count);
    if (now === 1 || before === 1) return target;
    return target * now + ((rate - before * target) / (1 - before)) * (1 - now);
  };
}
