import { numberArgument, numbersArgument, type TorchArguments } from '../torch-arguments.ts';
import { type MemberScheduler, memberSchedulers } from './member-schedulers.ts';
import { rateCurve } from './rate-curves.ts';
import type { RateCurve } from './scheduler.ts';
import { swaShare } from './swa-lr.ts';

/** A member with its place: it takes over at `start`. */
interface Segment {
  readonly start: number;
  readonly rate: (count: number, baseLr: number, before: RateCurve) => number;
}

/**
 * torch SequentialLR: each scheduler takes over at its milestone and counts from 0, from the base rate; a SWALR starts from the rate before
 * its milestone, one count in, as torch's does. Differs from torch 2.4 in one thing: there a CyclicLR or OneCycleLR anywhere in the list
 * changes the base rate of the others, because of the order in which Python makes them; here it never does.
 */
export function sequentialLR(config: TorchArguments): RateCurve {
  const milestones = numbersArgument(config, 'milestones');
  const segments = memberSchedulers(config).map((member, index) =>
    segmentOf(member, index === 0 ? 0 : (milestones[index - 1] ?? Number.POSITIVE_INFINITY)),
  );
  const curve: RateCurve = (count, baseLr) => {
    const segment = segments.findLast(({ start }) => start <= count) as Segment;
    return segment.rate(count - segment.start, baseLr, (offset, base) => curve(segment.start + offset, base));
  };
  return curve;
}

function segmentOf({ name, config }: MemberScheduler, start: number): Segment {
  const own = rateCurve(name, config);
  if (name !== 'SWALR' || start === 0) return { start, rate: own };
  const target = numberArgument(config, 'swa_lr');
  const share = swaShare(config);
  return {
    start,
    rate: (count, baseLr, before) => {
      const done = share(count + 1);
      return done === 1 ? target : target * done + before(-1, baseLr) * (1 - done);
    },
  };
}
