/** Of each property, how its value is made: from what the object was made of, and from the object's other properties. */
export type LazyParts<S, T> = { readonly [Name in keyof T]: (source: S, self: T) => T[Name] };

const SOURCE = Symbol('source');
const VALUES = Symbol('values');

/** What such an object has beside its properties; a copy does not. */
interface Hidden<S, T> {
  readonly [SOURCE]: S;
  readonly [VALUES]: Partial<T>;
}

/**
 * Gives a maker of objects whose properties are computed when they are first read, and then kept; what throws is tried again. They are own properties, so
 * that a copy (`{ ...it }`) has them all. Their getters are made once for all objects: written as `get name() {}` in a literal, they would give each object
 * a shape of its own in V8, and thousands of those outlive every collection but the full one.
 */
export function lazyObject<S, T extends object>(parts: LazyParts<S, T>): (source: S) => T {
  const getters: PropertyDescriptorMap = {};
  for (const name of Object.keys(parts) as (keyof T & string)[]) {
    getters[name] = {
      enumerable: true,
      get(this: T & Hidden<S, T>) {
        const values = this[VALUES];
        if (!(name in values)) values[name] = parts[name](this[SOURCE], this);
        return values[name];
      },
    };
  }
  return (source) => {
    const object = {};
    Object.defineProperty(object, SOURCE, { value: source });
    Object.defineProperty(object, VALUES, { value: {} });
    return Object.defineProperties(object, getters) as T;
  };
}
