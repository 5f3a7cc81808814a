/** Which scalars share a picture: only those with one unit and one meaning. */
export interface CurveCard {
  title: string;
  keys: string[];
}

export const CURVE_GROUPS: readonly { title: string; cards: readonly CurveCard[] }[] = [
  {
    title: "Evaluation on held-out prompts",
    cards: [
      { title: "Reverse KL to the teacher", keys: ["eval/reverse_kl"] },
      { title: "Reverse KL to the remote teacher, k3 estimate", keys: ["eval/reverse_kl_k3"] },
      { title: "Accuracy, student and teacher", keys: ["eval/accuracy", "eval/teacher_accuracy"] },
      { title: "Gap to the teacher recovered", keys: ["eval/gap_recovery"] },
    ],
  },
  {
    title: "On the training batch",
    cards: [
      { title: "Reverse KL, full vocabulary", keys: ["reverse_kl"] },
      { title: "Reverse KL, k1 estimate (signed)", keys: ["reverse_kl_k1"] },
      { title: "Reverse KL, k3 estimate", keys: ["reverse_kl_k3"] },
      { title: "Loss", keys: ["loss"] },
      { title: "Accuracy", keys: ["accuracy"] },
    ],
  },
  {
    title: "Rewards",
    cards: [
      { title: "Reward, mean and standard deviation", keys: ["reward_mean", "reward_std"] },
      { title: "Groups with right and wrong answers", keys: ["mixed_groups"] },
      { title: "Groups drawn beyond the batch", keys: ["resampled_groups"] },
      { title: "Size of the advantage", keys: ["advantage_size"] },
      { title: "Tokens that the clip leaves out", keys: ["clip_fraction"] },
      { title: "KL to the initial student", keys: ["reference_kl"] },
    ],
  },
  {
    title: "Is the distillation healthy?",
    cards: [
      { title: "Overlap of the top 16", keys: ["overlap_ratio", "overlap_mass"] },
      { title: "Entropy", keys: ["entropy_student", "entropy_teacher", "entropy_gap"] },
      { title: "Advantage on the overlap", keys: ["overlap_advantage"] },
      { title: "Teacher's log-probability", keys: ["teacher_logprob"] },
      { title: "Response length", keys: ["response_length", "response_length_p95"] },
      { title: "Cut and repetitive responses", keys: ["truncated_share", "repetition_rate"] },
    ],
  },
  {
    title: "Optimizer and cost",
    cards: [
      { title: "Gradient norm before clipping", keys: ["grad_norm"] },
      { title: "Learning rate", keys: ["learning_rate"] },
      { title: "Seconds per step", keys: ["step_seconds", "rollout_seconds", "monitor_seconds"] },
      { title: "Seconds so far, of which search", keys: ["seconds", "search_seconds"] },
      { title: "Response tokens per second", keys: ["tokens_per_second"] },
      { title: "Peak memory", keys: ["memory_bytes"] },
    ],
  },
];
