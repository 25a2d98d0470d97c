export { transferLearning } from './transfer-learning.ts';
