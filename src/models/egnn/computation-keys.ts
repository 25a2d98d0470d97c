/** Keys that decide what the small networks of every module compute. */
const NETWORKS = ['mlp_activation', 'mlp_output_activation'] as const;

/** Keys that decide what a head makes of its network's output. */
const SCALING = ['scaling_mean', 'scaling_std'] as const;

const POOLING = [...NETWORKS, 'output_activation', 'pool_from', 'pool_type', ...SCALING] as const;

const HEADS: Readonly<Record<string, readonly string[]>> = {
  node_mlp: [...NETWORKS, ...SCALING],
  edge_mlp: [...NETWORKS, ...SCALING],
  pooling_head: POOLING,
  pooling_head_std: POOLING,
};

/** Embeddings compute the same whoever the neighbours are. */
const EMBEDDINGS = ['embed_nodes', 'embed_edges'];

/**
 * The keys that decide, beside its tensors, what a module of an EGNN computes: of the body (whatever its root is called) the activations and
 * who is whose neighbour; of a head its own keys. Training alone (dropout, jitter, losses) does not count, nor does what shapes or names show.
 */
export function egnnComputationKeys(modulePath: string): readonly string[] {
  const [root = '', ...inside] = modulePath.split('.');
  const head = HEADS[root];
  if (head !== undefined) return head;
  return inside.some((name) => EMBEDDINGS.includes(name)) ? NETWORKS : [...NETWORKS, 'datamodule.cut_off', 'datamodule.self_interaction'];
}
