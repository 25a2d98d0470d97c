import { validateSection } from '../config/check-section.ts';
import { withBatchSizes } from '../config/molecule-keys.ts';
import type { RunConfig, StageSection } from '../config/run-config.ts';
import { sectionDefaults } from '../config/section-defaults.ts';
import type { SectionKind } from '../config/section-rules.ts';
import type { JsonObject } from '../contracts/json.ts';
import { callbackLayers } from './callbacks.ts';
import { type Layer, type MergedSection, mergeLayers, type Origin } from './layers.ts';
import type { ModelFacts } from './plan-facts.ts';
import type { PlanProblem } from './problems.ts';

/** The four sections of a stage, resolved against the base. */
export type ResolvedSections = Readonly<Record<SectionKind, MergedSection>>;

/** The sections that a base or a stage writes. */
export type WrittenSections = Pick<StageSection, SectionKind>;

/**
 * Resolves a stage's sections: Rootstock's defaults, then the model definition's, then the base, then the stage. Always against the base,
 * never against another stage; nothing that is passed in changes. `stage` null: the base alone.
 */
export function resolveSections(base: WrittenSections, stage: WrittenSections | null, defaults: ModelFacts['defaults']): ResolvedSections {
  const callbacks = callbackLayers(withoutLogger(base.trainer), withoutLogger(stage?.trainer));
  const { logger: _logger, ...trainerDefaults } = sectionDefaults('trainer');
  return {
    trainer: mergeLayers([layer('default', trainerDefaults), ...given('base', callbacks.base), ...given('stage', callbacks.stage)]),
    datamodule: mergeLayers([
      layer('default', sectionDefaults('datamodule')),
      ...given('base', withSizes(base.datamodule)),
      ...given('stage', withSizes(stage?.datamodule)),
    ]),
    optimizer: mergeLayers(
      [
        layer('default', sectionDefaults('optimizer', defaults.optimizer.name)),
        layer('model', { ...defaults.optimizer }),
        ...given('base', base.optimizer),
        ...given('stage', stage?.optimizer),
      ],
      (name) => sectionDefaults('optimizer', name),
    ),
    scheduler: plateauInterval(
      mergeLayers(
        [
          layer('model', null),
          ...given('model', defaults.scheduler ?? undefined),
          ...given('base', base.scheduler),
          ...given('stage', stage?.scheduler),
        ],
        (name) => sectionDefaults('scheduler', name),
      ),
    ),
  };
}

/** ReduceLROnPlateau goes by epochs, so that is its interval when nobody says another one. */
function plateauInterval(section: MergedSection): MergedSection {
  const { value, origins } = section;
  if (value === null || value['name'] !== 'ReduceLROnPlateau' || origins['interval'] !== 'default') return section;
  return { ...section, value: { ...value, interval: 'epoch' } };
}

/** Where problems of a stage are, and what the base and the stage wrote. */
export interface SectionPlace {
  readonly stage: WrittenSections | null;
  /** Dotted place of the stage: `model.config.transfer_learning.stages.0`. */
  readonly stageWhere: string;
  readonly stageName: string;
}

/**
 * Validates resolved sections as wholes. A problem of a section that the stage overrides is STAGE_INVALID at the stage; of one that it
 * inherits as it is, CONFIG_INVALID at the base.
 */
export function sectionProblems(sections: ResolvedSections, { stage, stageWhere, stageName }: SectionPlace): readonly PlanProblem[] {
  return SECTION_KINDS.flatMap((kind) => {
    const { value } = sections[kind];
    if (value === null) return [];
    const overridden = stage?.[kind] !== undefined;
    return validateSection(kind, value, sectionPlace(kind, stage, stageWhere)).map(
      ({ where, text }): PlanProblem =>
        overridden
          ? {
              code: 'STAGE_INVALID',
              where,
              text: `${text} (stage "${stageName}", merged over the base)`,
              fix: `correct ${stageWhere}.${kind}`,
            }
          : { code: 'CONFIG_INVALID', where, text, fix: `correct ${BASE}.${kind}` },
    );
  });
}

/** Dotted place of a section: at the stage when that overrides it, otherwise at the base. */
export function sectionPlace(kind: SectionKind, stage: WrittenSections | null, stageWhere: string): string {
  return `${stage?.[kind] === undefined ? BASE : stageWhere}.${kind}`;
}

/** Prefixes the origins of all sections with the section's name. */
export function originsOf(sections: ResolvedSections): Readonly<Record<string, Origin>> {
  return Object.fromEntries(
    SECTION_KINDS.flatMap((kind) =>
      Object.entries(sections[kind].origins).map(([path, origin]): [string, Origin] => [path === '' ? kind : `${kind}.${path}`, origin]),
    ),
  );
}

/** Keys of the base that a stage's change of class dropped. */
export function droppedOf(sections: ResolvedSections): readonly string[] {
  return SECTION_KINDS.flatMap((kind) => sections[kind].dropped.map((path) => `${kind}.${path}`));
}

const SECTION_KINDS: readonly SectionKind[] = ['trainer', 'datamodule', 'optimizer', 'scheduler'];

const BASE = 'model.config';

function layer(origin: Origin, value: JsonObject | null): Layer {
  return { origin, value };
}

function given(origin: Origin, value: JsonObject | null | undefined): readonly Layer[] {
  return value === undefined ? [] : [layer(origin, value)];
}

function withSizes(datamodule: JsonObject | undefined): JsonObject | undefined {
  return datamodule === undefined ? undefined : withBatchSizes(datamodule);
}

/** A logger says nothing about numbers, and its forms do not merge: it has been checked where it was written. */
function withoutLogger(trainer: JsonObject | undefined): JsonObject | undefined {
  if (trainer === undefined) return undefined;
  const { logger: _logger, ...rest } = trainer;
  return rest;
}

/** The sections of a run's base. */
export function baseSections(run: RunConfig): WrittenSections {
  return { trainer: run.trainer, datamodule: run.datamodule, optimizer: run.optimizer, scheduler: run.scheduler };
}
