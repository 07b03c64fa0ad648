// Under the pointer: one line through all tracks of a host, and the values of its curves there. Nothing else depends on this.
"use strict";
for (const figure of document.querySelectorAll("figure.host")) {
  const lane = figure.querySelector("svg.lane");
  const curves = [...figure.querySelectorAll("svg.curve")].map(read);
  const line = document.createElement("div");
  line.className = "pointer";
  line.hidden = true;
  figure.append(line);
  const leave = () => {
    line.hidden = true;
    for (const curve of curves) curve.label.textContent = curve.text, curve.label.classList.remove("pointed");
  };
  figure.addEventListener("pointerleave", leave);
  figure.addEventListener("pointermove", event => {
    const box = lane.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    if (share < 0 || share > 1) return leave();
    line.hidden = false;
    // The policy of the page forbids style attributes; rules that a script sets are allowed.
    line.style.left = event.clientX - figure.getBoundingClientRect().left + "px";
    for (const curve of curves) {
      const values = curve.lines.map(steps => at(steps, share * 1000)).filter(value => value !== undefined);
      const shown = values.map(value => readable(curve.floor + (1 - value / 100) * (curve.top - curve.floor), curve.unit));
      curve.label.textContent = shown.length ? shown.join("  ") : "no samples";
      curve.label.classList.add("pointed");
    }
  });
}

// The steps of each line, back from where they were drawn.
function read(svg) {
  const lines = [...svg.querySelectorAll("path.line")].map(path => {
    const steps = [];
    let x, y;
    for (const [, command, numbers] of path.getAttribute("d").matchAll(/([MHV])([^MHV]*)/g)) {
      const [first, second] = numbers.trim().split(" ").map(Number);
      if (command === "M") x = first, y = second;
      if (command === "V") y = first;
      if (command === "H") steps.push([x, first, y]), x = first;
    }
    return steps;
  });
  const label = svg.parentElement.querySelector(".name .quiet");
  return { lines, label, text: label.textContent, floor: +svg.dataset.floor, top: +svg.dataset.top, unit: svg.dataset.unit };
}

function at(steps, x) {
  return steps.find(([from, to]) => from <= x && x <= to)?.[2];
}

function readable(value, unit) {
  const prefixes = /^(B|B\/s|bit\/s|Hz|W)$/.test(unit) ? ["", "k", "M", "G", "T"] : [""];
  let at = 0;
  while (at < prefixes.length - 1 && Math.abs(value) >= 1000) value /= 1000, at++;
  return `${value.toPrecision(3)} ${prefixes[at]}${unit}`.trim();
}
