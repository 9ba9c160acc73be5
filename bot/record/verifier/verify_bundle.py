"""Verify a Steadyhand bundle with nothing but Python. Exit code 0: whole; 1: not, and it says what."""
import argparse, base64, functools, hashlib, json, os, re, sys, zipfile

class Bad(Exception): pass
def check(fine, what):
    if not fine: raise Bad(what)
# --- hashes: the entries are leaves of the Merkle tree of RFC 6962, whose roots are signed --------
def sha(data): return hashlib.sha256(data).digest()
def node(left, right): return sha(b"\x01" + left + right)
def canon(value): return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
def unhex(path): return [bytes.fromhex(one) for one in path if check(re.fullmatch("[0-9a-f]{64}", one), "a proof is no hash") is None]
def climb(one, two, place, last, path):  # RFC 9162, 2.1.3.2 and 2.1.4.2: one is the old root, two the new one
    for step in path:
        if last == 0: return None, None
        if place & 1 or place == last:
            one, two = node(step, one), node(step, two)
            while not place & 1 and place: place, last = place >> 1, last >> 1
        else: two = node(two, step)
        place, last = place >> 1, last >> 1
    return (one, two) if last == 0 else (None, None)
def grew(old, new, path):
    path, place, last = unhex(path), old.size - 1, new.size - 1
    if not 0 < old.size < new.size or not path: return False
    if old.size & (old.size - 1) == 0: path = [old.root, *path]
    while place & 1: place, last = place >> 1, last >> 1
    return climb(path[0], path[0], place, last, path[1:]) == (old.root, new.root)
# --- Ed25519 (RFC 8032, 5.1.7) in extended coordinates --------------------------------------------
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    return (b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P
def times(k, p):
    out = (0, 1, 1, 0)
    while k: out, p, k = add(out, p) if k & 1 else out, add(p, p), k >> 1
    return out
def point(raw):
    number = int.from_bytes(raw, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    check(len(raw) == 32 and y < P and (x * x - square) % P == 0 and (x or not sign), "a signature is no signature")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P
@functools.lru_cache(None)
def signed(key, text, signature):
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    one, two = times(s, point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))), add(r, times(h, a))
    return len(signature) == 64 and s < L and not any((one[i] * two[2] - two[i] * one[2]) % P for i in (0, 1))
# --- keys and checkpoints in the forms of C2SP signed-note and tlog-checkpoint ---------------------
def read_keys(text):
    for name, key_id, code in (line.strip().split("+", 2) for line in text.splitlines() if line.strip()):
        raw = base64.b64decode(code)
        check(len(raw) == 33 and sha(name.encode() + b"\n" + raw)[:4].hex() == key_id, "a public key is not written as it should be")
        yield key_id, (name, raw[1:], sha(raw[1:]).hex())
NOTE = re.compile(r"(?m)^((\S+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n)\n— \S+ ([A-Za-z0-9+/=]+)\n")
class Note:
    def __init__(self, found):
        self.all, self.text, self.origin, self.size = found[0], found[1].encode(), found[2], int(found[3])
        self.root, self.raw = base64.b64decode(found[4]), base64.b64decode(found[5] + "==")
    def signer(self, keys):
        name, key, _ = keys.get(self.raw[:4].hex(), (None, None, None))
        check(name == self.origin and self.all.endswith(f"\n— {name} {base64.b64encode(self.raw).decode()}\n") and signed(key, self.text, self.raw[4:]), f"the checkpoint over {self.size} entries is not signed by a key of this record")
        return self.raw[:4].hex()
def read_notes(text): return [Note(found) for found in NOTE.finditer(text.replace("\r", "").replace("`", "\n").rstrip("\n") + "\n")]
# --- the bundle: the checkpoint covers the last entry, that the manifest, that every other file ----
def verify_entry(line, note, state, path):
    doc = json.loads(line["doc"])
    seq, leaf, house, what = doc["seq"], sha(b"\x00" + line["doc"].encode()), doc["incident"] is None, f"entry {doc['n']} (number {doc['seq']} of the record)"
    check(house or doc["n"] <= state["n"] + 1, f"entry {state['n'] + 1} is missing: before {what}")
    check(house or doc["n"] == state["n"] + 1, f"{what} was put in, or stands in the wrong place")
    check(house or doc["iprev"] == state["tip"], f"{what} does not follow the entry before it: one of the two was changed")
    check(state["seq"] < seq <= note.size, f"{what} stands in the wrong place")
    for name, (salt, value) in line["private"].items():
        check(sha(bytes.fromhex(salt) + canon(value)).hex() == doc["private"].get(name), f"{what}: its value «{name}» is not what was recorded")
    check(climb(leaf, leaf, seq - 1, note.size - 1, unhex(path))[1] == note.root, f"{what} is not what was signed: its text or its place was changed")
    state.update({"seq": seq} if house else {"seq": seq, "n": doc["n"], "tip": leaf.hex(), "first": state["first"] or seq})
    return doc
def verify(path, trusted=None, outside=()):
    box = zipfile.ZipFile(path)
    check(sum(one.file_size for one in box.infolist()) < 1 << 30, "it unpacks to more than a gigabyte")
    files = {name: box.read(name) for name in box.namelist()}
    check(len(files) == len(box.namelist()), "a file stands in it twice")
    seal, keys, older = json.loads(files["seal.json"]), dict(read_keys(files["keys.txt"].decode())), read_notes(files["checkpoints.txt"].decode())
    check(canon(seal) == files["seal.json"] and len(seal) == 4, "seal.json was changed")
    note, state, begun, ended = read_notes(seal["note"])[0], {"n": 0, "seq": 0, "tip": "", "first": 0}, {}, {}
    by = note.signer(keys)
    for line in [json.loads(line) for line in files["entries.jsonl"].splitlines()] + [{"doc": seal["doc"], "private": {}}]:
        doc = verify_entry(line, note, state, seal["inclusion"].pop(str(json.loads(line["doc"])["seq"]), []))
        if doc["incident"] is None: (begun if doc["kind"] == "key.introduced" else ended)[doc["data"]["key_id"]] = doc["seq"]
    check(doc["kind"] == "document.exported" and doc["seq"] == note.size, f"what came after entry {state['n']} was cut off: the last entry is not the export")
    check(sha(files["manifest.json"]).hex() == doc["data"]["sha256"], "manifest.json was changed")
    listed = json.loads(files["manifest.json"])["files"]
    for name in sorted({*listed, *files} - {"manifest.json", "seal.json"}):
        check(name in files and sha(files[name]).hex() == listed.get(name), f"{name} was changed, added or removed")
    for old in older: check(old.origin == note.origin and grew(old, note, seal["consistency"].get(str(old.size), [])), f"the record was rewritten after its checkpoint over {old.size} entries")
    rest = {**seal, "inclusion": {}, "consistency": {str(old.size): seal["consistency"][str(old.size)] for old in older}}
    check(note.all == seal["note"] and rest == seal, "seal.json was changed")
    good, signers = {i for i, key in keys.items() if (key[2] in trusted if trusted else i == by)}, [(one.signer(keys), one.size) for one in [*older, note, *outside]]
    for _ in keys: good |= {i for i, seq in begun.items() if any(who in good and seq <= size for who, size in signers)}
    for who, size in signers: check(who in good and size < ended.get(who, size + 1), f"the checkpoint over {size} entries is signed by a key that you do not trust, or that was retired")
    for one in outside:
        check(one.size <= note.size, f"a checkpoint over {one.size} entries is kept outside, and this ends at {note.size}: it is cut off, or old; ask for a new one")
        check(one.size < state["first"] or any((one.size, one.root) == (ours.size, ours.root) for ours in [*older, note]), f"the record was rewritten: its checkpoint over {one.size} entries is not the one that is kept outside")
    return f"Whole: INC-{doc['incident']}, {state['n']} entries, {len(older) + 1} checkpoints, signed by the key {by} (SHA-256 {keys[by][2]})"
def main():
    options = argparse.ArgumentParser(description=__doc__)
    for name, what in {"bundle": "the file", "--key": "the public key that you trust: its file, or its SHA-256", "--checkpoints": "file with checkpoints that were kept elsewhere"}.items(): options.add_argument(name, help=what)
    given = options.parse_args()
    try:
        trusted, outside = {key[2] for _, key in read_keys(open(given.key).read())} if given.key and os.path.exists(given.key) else {given.key} - {None}, read_notes(open(given.checkpoints, encoding="utf-8").read()) if given.checkpoints else []
        check(bool(trusted) == bool(given.key) and bool(outside) == bool(given.checkpoints), "the file with the key, or the one with the checkpoints, holds none")
        print(verify(given.bundle, trusted, outside))
        if not given.key: print("The key was taken from the bundle itself: compare its SHA-256 with the owner by another way.")
    except Exception as problem: sys.exit(f"NOTHING WAS VERIFIED: there is no file {problem.filename}" if isinstance(problem, FileNotFoundError) else "NOT WHOLE: " + "".join(one if one.isprintable() else "?" for one in (str(problem) if isinstance(problem, Bad) else f"it cannot be read ({type(problem).__name__}: {problem})")))
if __name__ == "__main__": main()
