"""Asks z3 and cvc5 every .smt2 file of a folder; prints name, z3's answer, cvc5's answer.

Of a single file, a script of many questions, it runs the whole; prints what each says of each question.
"""

import sys
from pathlib import Path

import cvc5
import z3

LIMIT_MS = 2000


def ask_z3(text):
    solver = z3.Solver()
    solver.set("timeout", LIMIT_MS)
    solver.from_string(text)
    return str(solver.check())


def ask_cvc5(text):
    solver = cvc5.Solver()
    solver.setOption("tlimit-per", str(LIMIT_MS))
    solver.setOption("strings-exp", "true")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    answer = "unknown"
    while True:
        command = parser.nextCommand()
        if command.isNull():
            return answer
        said = str(command.invoke(solver, parser.getSymbolManager())).strip()
        if said.split(" ")[0] in ("sat", "unsat", "unknown"):
            answer = said.split(" ")[0]
        elif said and said != "success":
            raise RuntimeError(said)


def run_z3(text):
    return z3.Z3_eval_smtlib2_string(z3.main_ctx().ref(), text).split()


def run_cvc5(text):
    solver = cvc5.Solver()
    solver.setOption("strings-exp", "true")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "script")
    said = []
    while True:
        command = parser.nextCommand()
        if command.isNull():
            return [word.strip('"') for word in said if word != "success"]
        said.extend(command.invoke(solver, parser.getSymbolManager()).split())


given = Path(sys.argv[1])
if given.is_file():
    said = [run_z3(given.read_text()), run_cvc5(given.read_text())]
    if said[0][::2] != said[1][::2] or any(len(one) % 2 for one in said):
        raise RuntimeError(str(said))
    for name, by_z3, by_cvc5 in zip(said[0][::2], said[0][1::2], said[1][1::2]):
        print(name, by_z3, by_cvc5)
for path in sorted(given.glob("*.smt2")) if given.is_dir() else []:
    text = path.read_text()
    print(path.stem, ask_z3(text), ask_cvc5(text), flush=True)
