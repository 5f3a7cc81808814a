/** Talk with a run's weights, put together from the pieces in which it comes: pure. */

import { alongD } from "~/lib/format";
import type { AnswerEnd, AnswerPiece, AskedQuestion, TalkNews, Voice } from "./types";

type Numbers = readonly (number | null)[];

/** What one voice has said so far. */
export interface Answer {
  tokens: readonly string[];
  logp: Numbers;
  kl: Numbers;
  /** log-probabilities of the same tokens by each voice, by its place. */
  byOthers: readonly Numbers[];
  read: AnswerPiece["read"];
  end: AnswerEnd | null;
}

export interface Exchange extends AskedQuestion {
  /** One per voice. */
  answers: readonly Answer[];
}

export interface Talk {
  questions: readonly Exchange[];
  lastQuestion: number;
  lastPiece: number;
}

export const NO_TALK: Talk = { questions: [], lastQuestion: 0, lastPiece: 0 };

const SILENCE: Answer = { tokens: [], logp: [], kl: [], byOthers: [], read: null, end: null };

/** The talk with what came since. */
export function heard(talk: Talk, news: Pick<TalkNews, "questions" | "pieces">): Talk {
  const asked = news.questions.map((one) => ({ ...one, answers: one.question.voices.map(() => SILENCE) }));
  const questions: Exchange[] = [...talk.questions, ...asked];
  const places = new Map(questions.map(({ id }, place) => [id, place]));
  for (const piece of news.pieces) {
    const place = places.get(piece.question);
    const before = place === undefined ? undefined : questions[place];
    if (place === undefined || before === undefined) continue;
    questions[place] = {
      ...before,
      answers: before.answers.map((answer, voice) => (voice === piece.voice ? withPiece(answer, piece) : answer)),
    };
  }
  return {
    questions,
    lastQuestion: questions.at(-1)?.id ?? talk.lastQuestion,
    lastPiece: news.pieces.at(-1)?.id ?? talk.lastPiece,
  };
}

function withPiece(known: Answer, piece: AnswerPiece): Answer {
  // One that begins anew is of another attempt, and so is all that comes after it.
  const answer = piece.start === 0 && piece.tokens.length > 0 ? { ...SILENCE, read: known.read } : known;
  return {
    tokens: put(answer.tokens, piece.start, piece.tokens),
    logp: put(answer.logp, piece.start, piece.logp),
    kl: put(answer.kl, piece.start, piece.kl),
    byOthers:
      piece.by_others.length === 0
        ? answer.byOthers
        : piece.by_others.map((values, voice) => put(answer.byOthers[voice] ?? [], piece.start, values)),
    read: piece.read ?? answer.read,
    end: piece.end ?? answer.end,
  };
}

function put<T>(known: readonly T[], start: number, values: readonly T[]): readonly T[] {
  return values.length === 0 ? known : [...known.slice(0, start), ...values, ...known.slice(start + values.length)];
}

export const isDone = (exchange: Exchange) => exchange.answers.every(({ end }) => end !== null);

/** Talks, the latest first; each with its turns in their order. */
export function talksIn(questions: readonly Exchange[]): Exchange[][] {
  const talks = new Map<number, Exchange[]>();
  const first = new Map<number, number>();
  for (const one of questions) {
    const follows = one.question.follows;
    const root = (follows == null ? undefined : first.get(follows)) ?? one.id;
    first.set(one.id, root);
    talks.set(root, [...(talks.get(root) ?? []), one]);
  }
  return [...talks.values()].reverse();
}

/** How much more another voice expects each token than the one that said it; null where one of them tells nothing. */
export function difference(answer: Answer, other: number): Numbers {
  const theirs = answer.byOthers[other] ?? [];
  return answer.tokens.map((_, index) => {
    const [own, expected] = [answer.logp[index], theirs[index]];
    return own == null || expected == null ? null : expected - own;
  });
}

/** As the address has it: base, teacher, 32 (a checkpoint), 32:2.5 (a candidate of step 32). */
export function voiceText({ kind, step, factor }: Voice): string {
  if (kind === "checkpoint") return String(step);
  return kind === "candidate" ? `${step}:${factor}` : kind;
}

export function voiceOf(text: string): Voice | null {
  if (text === "base" || text === "teacher") return { kind: text };
  const found = /^(\d{1,9})(?::(-?\d+(?:\.\d+)?(?:e-?\d+)?))?$/.exec(text);
  if (found === null) return null;
  const step = Number(found[1]);
  return found[2] === undefined ? { kind: "checkpoint", step } : { kind: "candidate", step, factor: Number(found[2]) };
}

export function voiceLabel({ kind, step, factor }: Voice): string {
  if (kind === "checkpoint") return `step ${step}`;
  return kind === "candidate" ? `step ${step} ${alongD(factor ?? 0)}` : kind;
}

/** A talk as a paragraph of a run's notes. */
export function asNote(turns: readonly Exchange[], promptOf: (exchange: Exchange) => string): string {
  const first = turns[0];
  if (first === undefined) return "";
  const { temperature, seed } = first.question;
  const lines = turns.flatMap((turn) => [
    `> ${promptOf(turn)}`,
    ...turn.answers.map((answer, place) => {
      const voice = turn.question.voices[place];
      const said = answer.end?.error || (answer.end?.text ?? answer.tokens.join(""));
      return `${voice === undefined ? place : voiceLabel(voice)}: ${said}${answer.end?.truncated ? " … (cut)" : ""}`;
    }),
  ]);
  // An empty line would part the paragraph.
  return [`Playground, temperature ${temperature}, seed ${seed}`, ...lines].join("\n").replace(/\n\s*\n/g, "\n");
}
