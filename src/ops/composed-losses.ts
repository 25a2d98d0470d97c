import * as tf from '@tensorflow/tfjs-core';
import { RootstockError } from '../errors.ts';

/** torch.nn.functional.mse_loss, reduction "mean". Shapes must be equal: broadcasting here would hide a mistake. */
export function mseLoss(prediction: tf.Tensor, target: tf.Tensor): tf.Scalar {
  if (!tf.util.arraysEqual(prediction.shape, target.shape)) {
    throw new RootstockError(
      'INTERNAL',
      `mseLoss: prediction has shape [${prediction.shape.join(', ')}], target [${target.shape.join(', ')}]; they must be equal.`,
      { prediction: prediction.shape, target: target.shape },
    );
  }
  return tf.mean(tf.square(tf.sub(prediction, target)));
}

/** torch.nn.functional.cross_entropy with class indices, reduction "mean". Stable: the maximum is subtracted before exponentiating. */
export function crossEntropy(logits: tf.Tensor, classes: tf.Tensor): tf.Scalar {
  const [batch = 0, width = 0] = logits.shape;
  if (classes.dtype !== 'int32' || classes.rank !== 1 || classes.size !== batch) {
    throw new RootstockError(
      'INTERNAL',
      `crossEntropy: classes must be int32 of shape [${batch}], received ${classes.dtype} of shape [${classes.shape.join(', ')}].`,
      { logits: logits.shape, classes: classes.shape },
    );
  }
  const oneHot = tf.cast(tf.oneHot(classes as tf.Tensor1D, width), 'float32'); // [B, K]
  const picked = tf.sum(tf.mul(tf.logSoftmax(logits), oneHot)); // []
  return tf.mul(picked, tf.scalar(-1 / batch));
}
