"""What is cut off and what is counted as one."""

import torch

from opdboard_worker.core.vocabulary import Vocabulary

LOGITS = torch.tensor([[0.5, -1.0, 2.0, 0.0, 3.0, 30.0], [1.0, 1.0, 1.0, 1.0, 1.0, -30.0]])


def test_rows_beyond_the_tokens_are_in_no_softmax_and_get_no_gradient():
    logits = LOGITS.clone().requires_grad_()
    assert torch.equal(Vocabulary(6).logits(logits), logits), "none are beyond"
    kept = Vocabulary(5).logits(logits)
    assert torch.equal(kept.log_softmax(-1), LOGITS[:, :5].log_softmax(-1))
    kept.log_softmax(-1)[0, 2].backward()
    assert logits.grad is not None and not logits.grad[:, 5].any() and logits.grad[0, :5].all()


def test_the_probabilities_of_an_event_are_summed_at_its_first_token():
    p = Vocabulary(5, (3, 1, 4)).logits(LOGITS).softmax(-1)
    whole = LOGITS[:, :5].softmax(-1)
    torch.testing.assert_close(p[:, 3], whole[:, [1, 3, 4]].sum(-1))
    torch.testing.assert_close(p[:, [0, 2]], whole[:, [0, 2]])
    assert not p[:, [1, 4]].any()
    assert torch.equal(LOGITS[0], torch.tensor([0.5, -1.0, 2.0, 0.0, 3.0, 30.0])), "nothing is written into"


def test_the_gradient_of_an_event_is_shared_out_by_probability():
    by_event, by_hand = (LOGITS.double().requires_grad_() for _ in range(2))
    Vocabulary(5, (3, 1)).logits(by_event).log_softmax(-1)[:, 3].sum().backward()
    by_hand[:, :5].softmax(-1)[:, [1, 3]].sum(-1).log().sum().backward()
    torch.testing.assert_close(by_event.grad, by_hand.grad)


def test_a_given_text_holds_the_events_first_token():
    assert Vocabulary(5, (3, 1)).tokens([0, 1, 3, 2, 1]) == [0, 3, 3, 2, 3]
    assert Vocabulary(5).tokens([0, 1]) == [0, 1]
