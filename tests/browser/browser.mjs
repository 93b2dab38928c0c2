// The rig's Chromium with a page in it. Receives RIG_HOME and CHROMIUM; hands on `open`, which gives a page and what it
// complained of and asked a network for. Never lets a page reach one: every request but that for the file is refused.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const home = process.env.RIG_HOME;
const require = createRequire(join(home, "browser", "package.json"));
const puppeteer = require("puppeteer-core");

// One browser; close it when done.
export async function launch() {
  const named = process.env.CHROMIUM || readFileSync(join(home, "chromium"), "utf8").trim();
  const root = process.getuid?.() === 0;
  return (puppeteer.default ?? puppeteer).launch({
    executablePath: named,
    args: [...(root ? ["--no-sandbox"] : []), "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"],
    env: { ...process.env, HOME: process.env.HOME ?? tmpdir() },
  });
}

// A page with the report in it, drawn to its end.
export async function open(browser, file, { width = 1280, height = 800, dark = false, scale = 1 } = {}) {
  const page = await browser.newPage();
  const trouble = [];
  const requests = [];
  page.on("console", (message) => trouble.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  page.on("dialog", async (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  const url = pathToFileURL(file).href;
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    const own = request.url().split("#")[0] === url || request.url().startsWith("data:");
    if (!own) requests.push(request.url());
    own ? request.continue() : request.abort();
  });
  await page.setViewport({ width, height, deviceScaleFactor: scale });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.goto(url, { waitUntil: "load" });
  const drawn = page.waitForFunction(() => document.documentElement.dataset.ready === "true", { timeout: 15_000 });
  await drawn.catch((error) => {
    throw new Error(`the page was not drawn: ${error.message}\n${trouble.join("\n")}`);
  });
  return { page, trouble, requests };
}
