// The frame of every part of the page: a heading that can be linked to, and what to say when there is nothing to show.
import { html, type Markup } from "../markup.ts";

/** `content` undefined: the section stays and says what is missing. */
export function section(id: string, title: string, content: Markup | undefined, missing: string): Markup {
  return html`<section id="${id}" aria-labelledby="${`${id}-title`}">
    <h2 id="${`${id}-title`}">${title}</h2>
    ${content ?? html`<p class="missing">${missing}</p>`}
  </section>`;
}

/** Alternatives of which the page's script shows one at a time; without the script all are shown. */
export function choice(label: string, options: readonly { readonly name: string; readonly content: Markup }[]): Markup {
  if (options.length === 1) return html`${options[0]?.content}`;
  return html`<div class="choice" data-label="${label}">
    ${options.map(({ name, content }) => html`<div data-option="${name}">${content}</div>`)}
  </div>`;
}
