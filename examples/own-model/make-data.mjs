// Makes heat.jsonl and runoff.jsonl, which lie beside it: maps of land cover with a number that follows from them.
import { writeFileSync } from 'node:fs';

/** Kinds of land cover: water, meadow, field, forest, road, roof. */
const KINDS = 6;
const SIDE = 4;

/** How much warmer than the land around it a cell of each kind is, in degrees, and which share of the rain runs off it. */
const HEAT = [-3, 0, 1, -2, 4, 6];
const RUNOFF = [1, 0.15, 0.3, 0.05, 0.85, 0.95];

/** Whole numbers from 0 to below a bound: a linear congruential generator, the same on every machine (Numerical Recipes, section 7.1). */
function numbers(seed) {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** Maps that are alike within: each cell is of one of two kinds. */
function rows(count, seed, [name, values]) {
  const draw = numbers(seed);
  const lines = Array.from({ length: count }, (_, id) => {
    const kinds = [draw(KINDS), draw(KINDS)];
    const map = Array.from({ length: SIDE * SIDE }, () => kinds[draw(2)]);
    const mean = map.reduce((sum, kind) => sum + values[kind], 0) / map.length;
    return JSON.stringify({ id, map, [name]: Number(mean.toFixed(4)) });
  });
  return `${lines.join('\n')}\n`;
}

writeFileSync(new URL('heat.jsonl', import.meta.url), rows(320, 1, ['heat', HEAT]));
writeFileSync(new URL('runoff.jsonl', import.meta.url), rows(120, 2, ['runoff', RUNOFF]));
