// The HTML report in a real Chromium. Receives FILE and the names of checks; says `ok NAME` for each that holds and ends
// with 1 at the first that does not. Each check has a page of its own, which must stay silent and ask nothing of a network.
import assert from "node:assert/strict";
import { launch, open } from "./browser.mjs";

const text = (page, selector) => page.$eval(selector, (element) => element.textContent.trim());
const live = (page) => text(page, "#live");
const crumbs = (page) => page.$$eval("#crumbs li", (items) => items.map((item) => item.firstElementChild.textContent));
const names = (page, section) => page.$$eval(`#${section} tbody th`, (cells) => cells.map((cell) => cell.textContent.trim()));
const heading = (section, title) => `#${section} thead th:nth-child(${title})`;

// The colours of a part of the map, read from a copy: Chromium grumbles where a page's own canvas is read again and again.
const pixels = (page, x, y, w, h) => page.$eval("#canvas", (canvas, x, y, w, h) => {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);
  return [...pen.getImageData(x, y, w || copy.width, h || copy.height).data];
}, x, y, w, h);

async function clickText(page, selector, wanted) {
  const found = await page.evaluate((selector, wanted) => {
    const element = [...document.querySelectorAll(selector)].find((element) => element.textContent.trim() === wanted);
    element?.click();
    return Boolean(element);
  }, selector, wanted);
  assert.ok(found, `${selector} says ${wanted}`);
}

const checks = {
  // The verdict is the first heading and the first thing after the top; limits and figures stand under it.
  async verdict({ page }) {
    assert.equal(await text(page, "h1"), "!Passed with 2 warnings");
    assert.match(await page.title(), /^Passed with 2 warnings: w /);
    assert.equal(await page.$$eval("h1", (all) => all.length), 1);
    const gauges = await page.$$eval(".gauge", (all) => all.map((gauge) => gauge.getAttribute("aria-label")));
    assert.match(gauges[0], /^Cloudflare's limit since \d{4}-\d\d-\d\d: .* of 64\.0 MiB, .* %; the mark is at 80 %$/);
    const marks = await page.$$eval(".gauge", (all) => all.map((gauge) => {
      const mark = gauge.querySelector(".mark80").getBoundingClientRect();
      const box = gauge.getBoundingClientRect();
      return (mark.left - box.left) / box.width;
    }));
    for (const mark of marks) assert.ok(Math.abs(mark - 0.8) < 0.01, `a mark at ${mark}`);
    const figures = await page.$$eval("#figures dt", (all) => all.map((title) => title.textContent));
    assert.deepEqual(figures, ["Upload", "Gzipped", "Modules", "Dropped", "Target", "Environment"]);
  },

  // The map has more than one colour, and each level is reached with the mouse and left again.
  async mouse({ page }) {
    const data = await pixels(page, 0, 0);
    const colors = new Set();
    for (let at = 0; at < data.length; at += 4) colors.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
    assert.ok(colors.size > 20, `${colors.size} colours`);
    await page.$eval("#map", (map) => map.scrollIntoView({ block: "center" }));
    const box = await (await page.$("#map")).boundingBox();
    await page.mouse.move(box.x + 30, box.y + 8);
    assert.match(await text(page, "#tip"), /^alpha/);
    await page.mouse.click(box.x + 30, box.y + 8);
    assert.deepEqual(await crumbs(page), ["all packages", "alpha"]);
    await page.mouse.click(box.x + 30, box.y + 8);
    assert.deepEqual(await crumbs(page), ["all packages", "alpha", "alpha"]);
    await clickText(page, "#crumbs button", "all packages");
    assert.deepEqual(await crumbs(page), ["all packages"]);
  },

  // Without a mouse: arrows move between siblings, Enter goes in, Escape and Backspace go up; all of it is spoken.
  async keyboard({ page }) {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    for (let at = 0; at < 30; at += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement.id === "map")) break;
    }
    assert.equal(await page.evaluate(() => document.activeElement.id), "map");
    assert.match(await live(page), /^alpha, /);
    assert.equal(await page.$eval("#ring", (ring) => ring.hidden), false);
    const before = await page.$eval("#ring", (ring) => ring.style.cssText);
    await page.keyboard.press("ArrowRight");
    const sibling = await live(page);
    assert.doesNotMatch(sibling, /^alpha, /);
    assert.notEqual(await page.$eval("#ring", (ring) => ring.style.cssText), before);
    await page.keyboard.press("ArrowLeft");
    assert.match(await live(page), /^alpha, /);
    assert.match(await text(page, ".why-name"), /^alpha 1\.0$/);
    await page.keyboard.press("Enter");
    assert.deepEqual(await crumbs(page), ["all packages", "alpha"]);
    await page.keyboard.press("Enter");
    await page.keyboard.press("End");
    assert.deepEqual(await crumbs(page), ["all packages", "alpha", "alpha"]);
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Escape");
    assert.deepEqual(await crumbs(page), ["all packages"]);
    await page.keyboard.press("Escape");
    assert.deepEqual(await crumbs(page), ["all packages"], "there is nothing above");
    const outline = await page.$eval("#map", (map) => getComputedStyle(map).outlineStyle);
    assert.equal(outline, "solid", "the focus is seen");
  },

  // Search narrows, headings sort and say so, long tables grow on request and keep the place of the keyboard.
  async tables({ page }) {
    const all = await names(page, "files");
    assert.equal(all.length, 100);
    assert.match(await text(page, "#files .count"), /^100 files of \d+$/);
    await page.$eval("#files button.plain", (more) => more.click());
    assert.ok((await names(page, "files")).length > 100);
    assert.equal(await page.evaluate(() => document.activeElement.closest("tr")?.rowIndex), 101);
    assert.equal(await page.$eval(heading("files", 3), (head) => head.getAttribute("aria-sort")), "descending");
    await page.click(`${heading("files", 1)} button`);
    assert.equal(await page.$eval(heading("files", 1), (head) => head.getAttribute("aria-sort")), "ascending");
    assert.equal(await page.$eval(heading("files", 3), (head) => head.getAttribute("aria-sort")), "none");
    const sorted = await names(page, "files");
    assert.deepEqual(sorted, [...sorted].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    await page.focus(`${heading("files", 1)} button`);
    await page.keyboard.press("Enter");
    assert.equal(await page.$eval(heading("files", 1), (head) => head.getAttribute("aria-sort")), "descending");
    await page.type("#files input", "MANY/m01");
    assert.deepEqual((await names(page, "files")).sort(), Array.from({ length: 10 }, (_, at) => `src/many/m01${at}.py`));
    assert.equal(await text(page, "#files .count"), "10 files");
    await page.type("#files input", "zzz");
    assert.equal(await text(page, "#files .count"), "no file matches");
    await page.$eval("#files input", (input) => {
      input.value = "";
      input.dispatchEvent(new Event("input"));
    });
    await page.select("#files select", "1");
    const dropped = await names(page, "files");
    assert.ok(dropped.includes("alpha/tests/test_alpha.py"), dropped.join(" "));
  },

  // Of a package and of a file: by which requirement and which imports, how surely.
  async why({ page }) {
    await clickText(page, "#packages button.link", "beta");
    assert.equal(await text(page, ".why-name"), "beta 2.0");
    assert.deepEqual(await page.$$eval("#why .path li", (all) => all.map((step) => step.textContent)), ["your project", "alpha", "beta"]);
    assert.deepEqual(await page.$$eval("#why .chain li", (all) => all.map((step) => step.textContent)), ["src/main.py:1", "alpha/__init__.py:1", "beta/__init__.py"]);
    assert.equal(await text(page, "#why .level"), "always");
    assert.equal(await page.evaluate(() => document.activeElement.id), "why", "the keyboard is where the answer is");
    await clickText(page, "#why .chain button", "alpha/__init__.py");
    assert.equal(await text(page, ".why-name"), "alpha/__init__.py");
    assert.deepEqual(await crumbs(page), ["all packages", "alpha", "alpha"]);
    await page.type("#files input", "lazy.py");
    await clickText(page, "#files tbody button", "alpha/lazy.py");
    assert.equal(await text(page, "#why .level"), "seldom");
    await page.$eval("#files input", (input) => (input.value = ""));
    await page.type("#files input", "m001.py");
    await clickText(page, "#files tbody button", "src/many/m001.py");
    assert.equal(await text(page, "#why .level"), "not imported");
  },

  // What was dropped joins the map on request, and says which rule dropped it.
  async dropped({ page }) {
    const size = () => text(page, "#crumbs li:last-child .quiet");
    const before = await size();
    await page.click("#with-dropped");
    assert.notEqual(await size(), before);
    await page.select("#files select", "1");
    await clickText(page, "#files tbody button", "alpha/tests/test_alpha.py");
    assert.match(await text(page, "#why-body"), /the rule tests dropped it/);
    await page.click("#with-dropped");
    assert.equal(await size(), before);
  },

  // The gates: findings in groups with place and help, skipped ones with their reason.
  async gates({ page }) {
    const gates = await page.$$eval("#gates article h3 > code", (all) => all.map((code) => code.textContent));
    assert.deepEqual(gates, ["requirements", "packages"]);
    const body = await text(page, "#gates");
    assert.match(body, /requirements\.unlocked/);
    assert.match(body, /help: |run saddlebag lock/);
    assert.match(body, /smoke, verify: off by default/);
  },

  // What stands between backticks in a message is code, in the heading of a gate too.
  async code({ page }) {
    const heading = await page.$$eval("#gates article h3", (all) => [...all].find((each) => each.textContent.includes("smoke")).innerHTML);
    assert.match(heading, /not in <code>node_modules\/pyodide<\/code> of the project/);
  },

  // What the Worker gets, what the machine has, and both.
  async sides({ page }) {
    const counts = await page.$$eval(".count-of strong", (all) => all.map((count) => count.textContent));
    assert.deepEqual(counts, ["1", "1", "2"]);
    assert.equal(await text(page, ".column.worker li .name"), "beta 2.0");
    assert.equal(await text(page, ".column.both li .name"), "alpha 1.0here 0.9");
    assert.deepEqual(await page.$$eval(".column.host li .name", (all) => all.map((name) => name.textContent)), ["sphinx 8.1", "pytest 8.4"]);
  },

  // Headings without gaps, landmarks, labels, scopes: what a screen reader goes by.
  async structure({ page }) {
    const levels = await page.$$eval("h1, h2, h3, h4", (all) => all.filter((each) => each.getClientRects().length).map((each) => Number(each.tagName[1])));
    levels.forEach((level, at) => assert.ok(at === 0 ? level === 1 : level <= levels[at - 1] + 1, `headings ${levels.join(" ")}`));
    const landmarks = await page.$$eval("main, header, footer, nav, aside", (all) => all.map((each) => each.tagName.toLowerCase()));
    assert.deepEqual(landmarks, ["header", "nav", "main", "nav", "aside", "footer"]);
    assert.equal(await page.$$eval("section:not([aria-labelledby]), input:not([id]):not(label input), select:not(label select)", (all) => all.length), 0);
    assert.equal(await page.$$eval("thead th:not([scope]), tbody th:not([scope]), table:not(:has(caption))", (all) => all.length), 0);
    assert.equal(await page.$$eval("button", (all) => all.filter((each) => !each.textContent.trim() && each.getClientRects().length).length), 0);
    const ids = await page.$$eval("[id]", (all) => all.map((each) => each.id));
    assert.equal(new Set(ids).size, ids.length);
    const tree = JSON.stringify(await page.accessibility.snapshot({ interestingOnly: false }));
    for (const part of ["Treemap of the upload by bytes", "Packages of the upload", "columnheader", "rowheader"]) {
      assert.ok(tree.includes(part), `the accessibility tree lacks ${part}`);
    }
  },

  // Every text is readable on its ground: AA, in both schemes.
  async light({ page }) {
    await contrast(page);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(247, 246, 243)");
  },
  async dark({ page }) {
    await contrast(page);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(21, 23, 27)");
    const [before] = await pixels(page, 6, 3, 1, 1);
    assert.ok(before < 90, "the map is dark too");
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
    let after = before;
    for (let tries = 0; tries < 50 && after < 150; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      [after] = await pixels(page, 6, 3, 1, 1);
    }
    assert.ok(after > 150, "the map follows");
  },

  async narrow({ page }) {
    for (const width of [800, 1280, 420]) {
      await page.setViewport({ width, height: 800 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} pixels at ${width}`);
    }
  },

  // On paper: the verdict, the map and the tables, no tools.
  async print({ page }) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await page.evaluate(() => addEventListener("beforeprint", () => {
      const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      copy.drawImage(document.getElementById("canvas"), 0, 0);
      document.body.dataset.ground = copy.getImageData(6, 3, 1, 1).data[0];
    }));
    const pdf = await page.pdf({ format: "A4", printBackground: true });
    assert.equal(Buffer.from(pdf.subarray(0, 5)).toString(), "%PDF-");
    assert.ok(pdf.length > 20_000);
    assert.ok((await page.$eval("body", (body) => Number(body.dataset.ground))) > 150, "the map on paper is light");
    assert.equal(await page.evaluate(() => document.documentElement.className), "");
    await page.emulateMediaType("print");
    const seen = (selector) => page.$eval(selector, (element) => element.getClientRects().length > 0);
    for (const selector of ["h1", "#limits", "#canvas", "#packages table", "#gates"]) assert.ok(await seen(selector), selector);
    for (const selector of ["#why", ".top nav", "#files .tools", ".toggle"]) assert.ok(!(await seen(selector)), selector);
  },

  // Names and reasons that are markup stay text; nothing of theirs runs or loads; no other script could.
  async harmless({ page, trouble, requests }) {
    const name = "src/</script><img src=x onerror=alert(1)>.py";
    await page.type("#files input", "onerror");
    await page.waitForFunction((name) => [...document.querySelectorAll("#files tbody th")].some((cell) => cell.textContent.trim() === name), {}, name);
    await clickText(page, "#files tbody button", name);
    assert.equal(await text(page, ".why-name"), name);
    assert.match(await text(page, "#gates"), /allowed: <img src=x onerror=alert\(2\)> by team/);
    assert.equal(await text(page, "#gates em code"), "<img src=x onerror=alert(2)>");
    assert.equal(await page.$$eval("img, iframe, object", (all) => all.length), 0);
    assert.equal(await page.$$eval("script", (all) => all.length), 2);
    assert.deepEqual([trouble, requests], [[], []]);
    const ran = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.intruder = true";
      document.body.append(script);
      const handler = document.createElement("div");
      handler.setAttribute("onclick", "window.intruder = true");
      document.body.append(handler);
      handler.click();
      return window.intruder === true;
    });
    assert.equal(ran, false, "the policy lets nothing else run");
    trouble.length = 0; // the policy has said what it refused
  },

  // A run that a gate blocked: what blocks stands under the verdict.
  async blocked({ page }) {
    assert.equal(await text(page, "h1"), "×Blocked by imports");
    assert.match(await text(page, ".reasons"), /imports\.missing/);
    assert.equal(await page.$eval("#upload", (section) => section.hidden), false);
  },

  // A deploy that was cleared and then failed is not called a success.
  async failed({ page }) {
    assert.equal(await text(page, "h1"), "×pywrangler ended with exit code 1");
  },

  // A run that ended before there was a bundle: what happened and what to do, and no empty sections.
  async stopped({ page }) {
    assert.equal(await text(page, "h1"), "×Could not be done");
    assert.match(await text(page, "#verdict-why"), /pywrangler was not found/);
    const sections = await page.$$eval("main > section:not([hidden])", (all) => all.map((section) => section.id));
    assert.deepEqual(sections, ["verdict", "gates"].slice(0, sections.length));
    assert.deepEqual(await page.$$eval("#figures dt", (all) => all.map((title) => title.textContent)), ["Target", "Environment"]);
  },

  // Since the baseline: the whole, and each package that changed.
  async growth({ page }) {
    assert.match(await text(page, "#growth"), /saddlebag-baseline\.toml: \+1\.8 KiB/);
    assert.deepEqual(await names(page, "growth"), ["beta"]);
    assert.ok((await page.$$eval("#sections a", (all) => all.map((link) => link.textContent))).includes("Growth"));
  },

  // What each dependency is for, with the reason and what to do.
  async dependencies({ page }) {
    const rows = await page.$$eval("#dependencies tbody tr", (all) => all.map((row) => [...row.children].map((cell) => cell.textContent.trim())));
    assert.deepEqual(rows.map((row) => row.slice(0, 3)), [
      ["alpha 1.0", "runtime", "requirements-runtime.txt:1"],
      ["beta 2.0", "runtime", "by alpha"],
      ["sphinx 8.1", "development", "requirements-dev.txt:2"],
      ["gamma 3.0", "unused", "requirements-runtime.txt:2"],
    ]);
    assert.equal(rows[3][6], "nothing imports it, names it or asks for its metadatatake gamma out of requirements-runtime.txt:2");
    assert.equal(await page.$eval("#growth", (section) => section.hidden), true);
  },
};

// Of each text that is seen: the contrast with the nearest ground that is not transparent.
async function contrast(page) {
  const poor = await page.evaluate(() => {
    const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (color) => {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = color;
      pen.fillRect(0, 0, 1, 1);
      return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const groundOf = (element) => {
      const over = [];
      for (let at = element; at; at = at.parentElement) {
        const color = rgba(getComputedStyle(at).backgroundColor);
        if (color[3]) over.push(color);
        if (color[3] === 255) break;
      }
      return over.reverse().reduce((under, color) => color.slice(0, 3).map((part, at) => (part * color[3] + under[at] * (255 - color[3])) / 255), [255, 255, 255]);
    };
    const poor = [];
    for (const element of document.querySelectorAll("body *")) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
      if (!own || !element.getClientRects().length || element.closest(".unseen, script, [hidden]")) continue;
      const style = getComputedStyle(element);
      const [fore, ground] = [light(rgba(style.color)), light(groundOf(element))];
      const ratio = (Math.max(fore, ground) + 0.05) / (Math.min(fore, ground) + 0.05);
      const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) poor.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)} ${element.textContent.slice(0, 30)}`);
    }
    return poor;
  });
  assert.deepEqual(poor, []);
}

// Backticks are how a terminal shows code: the page has elements for that. What other programs print stays as it is.
const backticks = (page) => page.evaluate(() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const { textContent, parentElement } = texts.currentNode;
    if (textContent.includes("`") && !parentElement.closest("script, pre")) found.push(textContent);
  }
  return found;
});

const [file, ...wanted] = process.argv.slice(2);
const browser = await launch();
try {
  for (const name of wanted) {
    const opened = await open(browser, file, { dark: name === "dark" });
    assert.deepEqual(await backticks(opened.page), [], `${name}: backticks`);
    await checks[name](opened);
    assert.deepEqual(opened.trouble, [], `${name}: the page complained`);
    assert.deepEqual(opened.requests, [], `${name}: the page asked a network`);
    await opened.page.close();
    console.log(`ok ${name}`);
  }
} finally {
  await browser.close();
}
