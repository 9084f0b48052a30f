// The page's own script: turns alternatives into buttons and opens folded parts for printing. The page is complete without it.

export const pageScript = `"use strict";
for (const choice of document.querySelectorAll(".choice")) {
  const options = [...choice.children];
  const bar = document.createElement("div");
  bar.className = "options";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", choice.dataset.label);
  const show = (chosen) => {
    options.forEach((option, index) => { option.hidden = index !== chosen; });
    [...bar.children].forEach((button, index) => button.setAttribute("aria-pressed", String(index === chosen)));
  };
  options.forEach((option, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = option.dataset.option;
    button.addEventListener("click", () => show(index));
    bar.append(button);
  });
  choice.prepend(bar);
  show(0);
}
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
`;
