#!/usr/bin/env python3
"""Prints what AWS's managed policies grant and the Service Authorization Reference lacks.

    zstd -dc CORPUS/managed-policies/aws_managed_policies_latest.json.zst > policies.json
    zstd -dc src/catalog/catalog.zst > catalog.txt
    xtask/scripts/managed_policy_grants.py policies.json catalog.txt resources
    xtask/scripts/managed_policy_grants.py policies.json catalog.txt keys

`resources` prints, for `src/catalog/lists/additional_resources.txt`, each action that a policy names in full and allows
on ARNs only, none of which has a format of the action in the reference; with the formats of those ARNs that belong to
the service of the action. `keys` prints, for `additional_keys.txt`, each action that a policy allows only with a key of
a service that the reference lists, but not for the action. Each line ends with one of the policies. Review: see docs/catalog.md.
"""

import json
import re
import sys
from collections import defaultdict
from functools import lru_cache

# A statement that names more actions and more resources than this lists whatever the service has.
BULK_ACTIONS, BULK_RESOURCES = 30, 4


def as_list(value):
    return value if isinstance(value, list) else [value]


class Catalog:
    """The part of the catalog file (docs/catalog.md, "File format") that grants depend on."""

    def __init__(self, text):
        self.keys, self.actions, self.formats = [], {}, defaultdict(list)
        groups = [[]]
        for line in text.splitlines():
            tag, _, rest = line.partition(" ")
            if tag == "k":
                self.keys.append(rest.split(" ")[1].lower())
            elif tag == "g":
                groups.append([self.keys[int(n)] for n in rest.split(",") if n != "-"])
            elif tag == "s":
                service, types, shapes = rest.split(" ")[0], [], []
            elif tag == "r":
                name, *formats = rest.split("|")
                types.append(formats)
                self.formats[service] += formats
            elif tag == "h":
                own, listed = rest.split(" ")
                listed = [] if listed == "-" else [w.split(":") for w in listed.split(",")]
                keys = set(groups[int(own)]).union(*(groups[int(w[1])] for w in listed if len(w) > 1))
                shapes.append(([f for w in listed for f in types[int(w[0])]], keys))
            elif tag == "a":
                _, shape, name = rest.split(" ")
                self.actions[f"{service}:{name}".lower()] = (f"{service}:{name}", *shapes[int(shape)])


REGION, DIGIT, NO_COLON, ANY = "[a-z0-9-]", "[0-9]", "[^:]", "."


@lru_cache(maxsize=None)
def tokenize_pattern(pattern):
    """Literals, and runs of any characters for `*`, policy variables and (long enough) `?`."""
    parts = re.findall(r"\$\{[^}]*\}|.", pattern)
    return tuple((ANY, True) if p == "*" or p.startswith("${") else (ANY, False) if p == "?" else p for p in parts)


@lru_cache(maxsize=None)
def tokenize_format(form):
    """Literals, and the characters of variables: no colon before the fifth, 12 digits as the account."""
    found = []
    for index, segment in enumerate(form.split(":", 5)):
        found += [":"] if index else []
        for part in re.findall(r"\$\{[^}]*\}|.", segment):
            kind = {3: REGION, 4: DIGIT, 5: ANY}.get(index, NO_COLON)
            if part == "*":
                found += [(kind, True)]
            elif not part.startswith("${"):
                found += [part]
            else:
                found += [(kind, False)] * 12 if index == 4 else [(kind, False), (kind, True)]
    return tuple(found)


def agree(a, b):
    """Whether a character of a pattern can be one of a format."""
    if isinstance(a, tuple):
        return True
    return bool(re.fullmatch(b[0], a)) if isinstance(b, tuple) else a == b


@lru_cache(maxsize=None)
def overlap(pattern, form):
    """Whether an ARN of a format matches a pattern. A `*` matches colons, too."""
    left, right = tokenize_pattern(pattern), tokenize_format(form)
    is_run = lambda tokens, i: i < len(tokens) and isinstance(tokens[i], tuple) and tokens[i][1]
    seen, todo = set(), [(0, 0)]
    while todo:
        i, j = state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        if (i, j) == (len(left), len(right)):
            return True
        if is_run(left, i):
            todo.append((i + 1, j))
        if is_run(right, j):
            todo.append((i, j + 1))
        if i < len(left) and j < len(right) and agree(left[i], right[j]):
            todo.append((i if is_run(left, i) else i + 1, j if is_run(right, j) else j + 1))
    return False


def split_arn(pattern):
    """The six segments; colons in variables do not count. None if there are less."""
    hidden = re.sub(r"\$\{[^}]*\}", lambda m: m.group().replace(":", "\0"), pattern)
    parts = [p.replace("\0", ":") for p in hidden.split(":", 5)]
    return parts if len(parts) == 6 else None


def to_format(pattern):
    """The ARN format of a pattern: variables for wildcards, and for all after the first word of the resource."""
    _, _, service, region, account, resource = split_arn(pattern)
    word = re.match(r"[A-Za-z-]+[/:]", resource)
    return ":".join(["arn", "${Partition}", service, "${Region}" if region else "",
                     "${Account}" if account else "", (word.group() if word else "") + "${Resource}"])


@lru_cache(maxsize=None)
def to_regex(pattern):
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern.lower()))


def covers(names, globs, action):
    return action in names or any(to_regex(glob).fullmatch(action) for glob in globs)


def allowed_grants(policies, catalog):
    """Policy, action in lower case, and the Allow statements of the policy that cover the action, if one names it in full."""
    for policy, document in sorted(policies.items()):
        allows = [s for s in as_list(document["Statement"]) if s["Effect"] == "Allow" and "Action" in s]
        names = [{a.lower() for a in as_list(s["Action"])} for s in allows]
        lists = [(s, n, [a for a in n if "*" in a or "?" in a]) for s, n in zip(allows, names)]
        for action in sorted({a for n in names for a in n if a in catalog.actions}):
            yield policy, action, [(s, n) for s, n, globs in lists if covers(n, globs, action)]


def find_resources(policies, catalog):
    found, dead = defaultdict(lambda: defaultdict(set)), defaultdict(lambda: defaultdict(set))
    for policy, action, statements in allowed_grants(policies, catalog):
        if any("Resource" not in s for s, _ in statements):
            continue
        patterns = {r for s, _ in statements for r in as_list(s["Resource"])}
        name, formats, _ = catalog.actions[action]
        if any(not p.strip("*") for p in patterns) or any(overlap(p, f) for p in patterns for f in formats):
            continue
        service = action.split(":")[0]
        own = [(s, n) for s, n in statements if action in n]
        is_bulk = all(len(n) > BULK_ACTIONS and len(as_list(s["Resource"])) > BULK_RESOURCES for s, n in own)
        for pattern in sorted(patterns):
            arn = split_arn(pattern)
            if is_bulk:
                dead[name]["named together with all actions and resources of the service"].add(policy)
            elif not arn or arn[2] != service:
                dead[name][f"only on another service: {pattern}"].add(policy)
            else:
                types = [f for f in catalog.formats[service] if overlap(pattern, f)]
                exact = types if 1 <= len(types) <= 2 else [to_format(pattern)]
                for form in exact:
                    found[name][form].add(policy)
    return found, dead


def find_keys(policies, catalog):
    known = {k.split("${")[0].removesuffix("tag-key") for k in catalog.keys}
    found = defaultdict(lambda: defaultdict(set))
    for policy, action, statements in allowed_grants(policies, catalog):
        name, _, keys = catalog.actions[action]
        listed = {k.split("${")[0].removesuffix("tag-key") for k in keys}
        is_template = lambda k: k.endswith("/") or k.endswith(":")
        has = lambda names, key: any(key == k or is_template(k) and key.startswith(k) for k in names)
        lacking = []
        for statement, _ in statements:
            here = set()
            for operator, entries in statement.get("Condition", {}).items():
                operator = operator.lower()
                if "not" in operator or operator.endswith("ifexists") or "forallvalues" in operator or operator == "null":
                    continue
                for key in (k for k in entries if not k.lower().startswith("aws:")):
                    if not has(listed, key.lower()) and has(known, key.lower()) and "." not in key.split(":")[0]:
                        here.add(key)
            lacking.append(here)
        if all(lacking):
            for key in set().union(*lacking):
                found[name][key].add(policy)
    return found


def print_lines(found):
    for name in sorted(found, key=str.lower):
        for what, policies in sorted(found[name].items()):
            print(f"{name:60} {what}  {min(policies)}")


def main():
    policies, catalog, what = json.load(open(sys.argv[1])), Catalog(open(sys.argv[2]).read()), sys.argv[3]
    if what == "keys":
        return print_lines(find_keys(policies, catalog))
    found, dead = find_resources(policies, catalog)
    print_lines(found)
    print("# Not proposed:")
    print_lines({name: reasons for name, reasons in dead.items() if name not in found})


main()
