// Builds the page into the folder named on the command line (default: dist).
// The result depends only on the sources and the pinned tools, so that it can be compared byte for byte.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, process.argv[2] ?? "dist");
const MAX_BYTES = 600 * 1024;

process.chdir(here);
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const result = await build({
  entryPoints: [
    { in: "src/main.tsx", out: "app" },
    { in: "src/css/app.css", out: "app" },
  ],
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome111", "firefox115", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  logLevel: "warning",
});

for (const file of ["index.html", "icon.svg"]) await copyFile(join("src", file), join(out, file));
await writeFile(join(out, "LICENSES.txt"), await licences(Object.keys(result.metafile.inputs)));
await checkSize(join(out, "app.js"));

async function licences(inputs) {
  const names = new Set();
  for (const input of inputs) {
    const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) names.add(match[1]);
  }
  const parts = ["app.js contains these libraries. Each is used under its own licence, given below.\n"];
  for (const name of [...names].sort()) {
    const folder = join("node_modules", name);
    const about = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    parts.push(`${"=".repeat(72)}\n${name} ${about.version} (${about.license})\n${"=".repeat(72)}\n`);
    parts.push((await licenceText(folder)).trim() + "\n");
  }
  return parts.join("\n");
}

async function licenceText(folder) {
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt"]) {
    try {
      return (await readFile(join(folder, file), "utf8")).replaceAll("\r\n", "\n");
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }
  throw new Error(`${folder} has no licence file: add its text before bundling it`);
}

async function checkSize(file) {
  const bytes = (await readFile(file)).length;
  if (bytes > MAX_BYTES) throw new Error(`${file} has ${bytes} bytes, more than ${MAX_BYTES}`);
}
