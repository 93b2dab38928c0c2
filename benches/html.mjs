// Times the HTML report in Chromium: FILE, RUNS. Prints medians in milliseconds; never asserts.
import { launch, open } from "../tests/browser/browser.mjs";

const [file, runs] = process.argv.slice(2);
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const figures = {};
const note = (name, number) => (figures[name] ??= []).push(number);
const browser = await launch();
try {
  let count = 0;
  for (let run = 0; run < Number(runs); run += 1) {
    const { page } = await open(browser, file);
    const measured = await page.evaluate(async () => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      const timed = async (act) => {
        const start = performance.now();
        act();
        await frame(); // until it has been painted
        return performance.now() - start;
      };
      const key = (name) => () => document.getElementById("map").dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
      const paint = performance.getEntriesByType("paint").find((entry) => entry.name === "first-contentful-paint");
      const search = document.querySelector("#files input");
      const out = {
        "first paint": paint.startTime,
        "all tables drawn": performance.getEntriesByName("drawn")[0].startTime,
      };
      out["an arrow key in the map"] = await timed(key("ArrowRight"));
      out["zoom in"] = await timed(key("Enter"));
      out["zoom out"] = await timed(key("Escape"));
      out["a letter in the search"] = await timed(() => {
        search.value = "module01";
        search.dispatchEvent(new Event("input"));
      });
      out["sort by name"] = await timed(() => document.querySelector("#files thead button").click());
      out["show what was dropped"] = await timed(() => document.getElementById("with-dropped").click());
      return [out, JSON.parse(document.getElementById("data").textContent).report.bundle.module_count];
    });
    for (const [name, number] of Object.entries(measured[0])) note(name, number);
    count = measured[1];
    await page.close();
  }
  console.log(`modules: ${count}, median of ${runs} runs, milliseconds`);
  for (const [name, numbers] of Object.entries(figures)) console.log(`${median(numbers).toFixed(0).padStart(6)}  ${name}`);
} finally {
  await browser.close();
}
