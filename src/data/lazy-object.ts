/** Of each property, how its value is made: from what the object was made of, and from the object's other properties. */
export type LazyParts<S, T> = { readonly [Name in keyof T]: (source: S, self: T) => T[Name] };

/** Stands in the place of a value that nobody has read. */
const UNREAD = Symbol('unread');

/**
 * Gives a maker of objects whose properties are computed when they are first read, and then kept; what throws is tried again. They are own properties, so
 * that a copy (`{ ...it }`) has them all. A proxy, because getters of each object's own (`get name() {}` in a literal) would give it a shape of its own in
 * V8: slow to make, and thousands of them outlive every collection but the full one.
 */
export function lazyObject<S, T extends object>(parts: LazyParts<S, T>): (source: S) => T {
  const unread = Object.fromEntries(Object.keys(parts).map((name) => [name, UNREAD]));
  return (source) =>
    new Proxy({ ...unread } as T, {
      get(values, name, self) {
        const known: unknown = values[name as keyof T];
        if (known !== UNREAD) return known;
        const value = parts[name as keyof T](source, self as T);
        values[name as keyof T] = value;
        return value;
      },
    });
}
