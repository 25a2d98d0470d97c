/** Models of physicsml 0.6.0 and molflux 0.8.0 that a model_config may name and that Rootstock does not have. */
export const MODELS_NOT_BUILT: readonly string[] = [
  'adapter_mace_model',
  'adapter_nequip_model',
  'allegro_model',
  'ani_model',
  'ensemble_ani_model',
  'lightning_gp_regressor',
  'mace_model',
  'mean_var_allegro_model',
  'mean_var_ani_model',
  'mean_var_mace_model',
  'mean_var_nequip_model',
  'nequip_model',
  'ssf_mace_model',
  'ssf_nequip_model',
  'tensor_net_model',
];
