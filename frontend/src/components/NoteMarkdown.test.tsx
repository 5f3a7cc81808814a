// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import NoteMarkdown from "./NoteMarkdown";

it("draws Markdown and none of the HTML in it", () => {
  const { container } = render(
    <NoteMarkdown text={"# Rates\n\n- **half** of <b>it</b>\n- <img src=x onerror=alert(1)>\n\n`/runs/00000001`"} />,
  );
  expect(screen.getByRole("heading", { name: "Rates", level: 3 }).id).toBe("");
  expect(container.querySelector("strong")?.textContent).toBe("half");
  expect(container.querySelector("b, img, script")).toBeNull();
  expect(container.textContent).toContain("<b>it</b>");
  expect(container.querySelector("code")?.textContent).toBe("/runs/00000001");
});

it("leads nowhere but to pages, and loads nothing", () => {
  const { container } = render(
    <NoteMarkdown
      text={"[a](javascript:alert(1)) [b](data:text/html,x) [c](https://example.org) ![d](https://example.org/d.png)"}
    />,
  );
  const links = Array.from(container.querySelectorAll("a"), (link) => [link.textContent, link.getAttribute("href")]);
  expect(links).toEqual([["c", "https://example.org"]]);
  expect(container.querySelector("img")).toBeNull();
  expect(screen.getByRole("link").getAttribute("rel")).toContain("noopener");
});
