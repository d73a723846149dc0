"""Asks z3 and cvc5 every .smt2 file of a folder; prints name, z3's answer, cvc5's answer."""

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


for path in sorted(Path(sys.argv[1]).glob("*.smt2")):
    text = path.read_text()
    print(path.stem, ask_z3(text), ask_cvc5(text), flush=True)
