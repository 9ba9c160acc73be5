// Bundles the table tests in test/ for Node and runs them.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(dirname(fileURLToPath(import.meta.url)));
const out = await mkdtemp(join(tmpdir(), "page-test-"));
const files = (await readdir("test")).filter((name) => name.endsWith(".test.mjs"));
await build({
  entryPoints: files.map((name) => join("test", name)),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  logLevel: "warning",
});
const built = files.map((name) => join(out, name));
const run = spawnSync(process.execPath, ["--test", ...built], { stdio: "inherit", env: { ...process.env, TZ: "UTC" } });
await rm(out, { recursive: true });
process.exitCode = run.status ?? 1;
