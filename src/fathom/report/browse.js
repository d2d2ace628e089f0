"use strict";
for (const browser of document.querySelectorAll(".browser")) {
  const steps = JSON.parse(browser.querySelector("script").textContent);
  const make = (name, className, text) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const sides = browser.querySelectorAll(".side");
  sides.forEach((side, place) => {
    let at = place ? steps.length - 1 : 0;
    let problem = 0;
    const shown = side.querySelector(".problem");
    const name = side.querySelector(".step");
    const bar = make("div", "controls");
    const button = (sign, label, act) => {
      const element = make("button", "", sign);
      element.type = "button";
      element.setAttribute("aria-label", label);
      element.onclick = act;
      return element;
    };
    const slider = make("input");
    Object.assign(slider, { type: "range", min: 0, max: steps.length - 1, step: 1 });
    slider.setAttribute("aria-label", `step shown ${side.getAttribute("aria-label")}`);
    const tabs = make("div", "tabs");
    const move = (to) => {
      at = Math.max(0, Math.min(steps.length - 1, to));
      problem = Math.min(problem, steps[at][1].length - 1);
      draw();
    };
    const draw = () => {
      const [step, problems] = steps[at];
      name.textContent = `step ${step}`;
      slider.value = at;
      slider.setAttribute("aria-valuetext", `step ${step}`);
      tabs.replaceChildren(
        ...problems.map((_, index) => {
          const tab = button(String(index + 1), `problem ${index + 1} of ${problems.length}`, () => {
            problem = index;
            draw();
            tabs.children[index].focus();
          });
          tab.setAttribute("aria-pressed", String(index === problem));
          return tab;
        }),
      );
      const [prompt, correct, total, completions] = problems[problem];
      const head = make("div");
      head.append(make("pre", "prompt", prompt), make("p", "count", `${correct} of ${total} correct`));
      shown.replaceChildren(
        head,
        ...completions.map(([text, correct, caption, detail]) => {
          const article = make("article", `completion ${correct ? "correct" : "wrong"}`);
          article.append(make("p", "caption", caption), make("pre", "", text || "(empty)"));
          if (detail) article.append(make("p", "detail", detail));
          return article;
        }),
      );
    };
    slider.oninput = () => move(Number(slider.value));
    bar.append(button("‹", "step before", () => move(at - 1)), slider, button("›", "step after", () => move(at + 1)), tabs);
    side.insertBefore(bar, shown);
    draw();
  });
}
