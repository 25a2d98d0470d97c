/**
 * Remembers what a pure function of an object gave, for as long as the object is there: a model reads its configuration at every step, and nobody changes
 * one that is in use.
 */
export function rememberByObject<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found.value;
    const value = compute(key);
    known.set(key, { value });
    return value;
  };
}
