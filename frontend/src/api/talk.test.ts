import { describe, expect, it } from "vitest";
import { asNote, difference, heard, isDone, NO_TALK, talksIn, voiceLabel, voiceOf, voiceText } from "./talk";
import type { AnswerPiece, AskedQuestion } from "./types";

const question = (id: number, follows: number | null = null): AskedQuestion => ({
  id,
  created_at: 0,
  done: false,
  question: {
    voices: [{ kind: "base" }, { kind: "candidate", step: 2, factor: 3 }],
    prompt: `prompt ${id}`,
    temperature: 1,
    max_tokens: 8,
    seed: 0,
    follows,
  },
});

const piece = (id: number, told: Partial<AnswerPiece>): AnswerPiece => ({
  id,
  question: 1,
  voice: 0,
  start: 0,
  tokens: [],
  logp: [],
  kl: [],
  by_others: [],
  read: null,
  end: null,
  ...told,
});

const end = { text: "ab", truncated: true, stopped: false, error: "", unscored: "" };

describe("heard", () => {
  it("puts pieces behind one another, and what is told later over what it is about", () => {
    let talk = heard(NO_TALK, { questions: [question(1)], pieces: [] });
    talk = heard(talk, { questions: [], pieces: [piece(4, { tokens: ["a"], logp: [-1], by_others: [[-1], [-3]] })] });
    talk = heard(talk, {
      questions: [],
      pieces: [
        piece(5, { start: 1, tokens: ["b"], logp: [-2], by_others: [[-2], [-1]] }),
        piece(6, { kl: [0.5, 0.25] }),
        piece(7, { end }),
      ],
    });
    const answer = talk.questions[0]?.answers[0];
    expect(answer?.tokens).toEqual(["a", "b"]);
    expect(answer?.kl).toEqual([0.5, 0.25]);
    expect(answer && difference(answer, 1)).toEqual([-2, 1]);
    expect(talk.lastPiece).toBe(7);
    expect(talk.questions.map(isDone)).toEqual([false]);
    talk = heard(talk, { questions: [], pieces: [piece(8, { voice: 1, end })] });
    expect(talk.questions.map(isDone)).toEqual([true]);
  });

  it("forgets an answer that another attempt begins anew", () => {
    const talk = heard(NO_TALK, {
      questions: [question(1)],
      pieces: [piece(1, { tokens: ["a", "b", "c"] }), piece(2, { tokens: ["a"] })],
    });
    expect(talk.questions[0]?.answers[0]?.tokens).toEqual(["a"]);
  });
});

it("sorts questions into talks, the latest first", () => {
  const { questions } = heard(NO_TALK, { questions: [question(1), question(2), question(3, 1)], pieces: [] });
  expect(talksIn(questions).map((turns) => turns.map(({ id }) => id))).toEqual([[2], [1, 3]]);
});

it("writes voices into the address and reads them back", () => {
  for (const text of ["base", "teacher", "32", "32:2.5", "4:-0.5"]) {
    const voice = voiceOf(text);
    expect(voice && voiceText(voice)).toBe(text);
  }
  expect(voiceOf("nobody")).toBeNull();
  expect(voiceLabel({ kind: "candidate", step: 32, factor: 2.5 })).toBe("step 32 + 2.5 D");
});

it("is one paragraph in the notes", () => {
  const { questions } = heard(NO_TALK, {
    questions: [question(1)],
    pieces: [piece(1, { end: { ...end, text: "a\n\nb" } }), piece(2, { voice: 1, end: { ...end, error: "gone" } })],
  });
  expect(asNote(questions, ({ question: { prompt } }) => prompt)).toBe(
    "Playground, temperature 1, seed 0\n> prompt 1\nbase: a\nb … (cut)\nstep 2 + 3 D: gone … (cut)",
  );
});
