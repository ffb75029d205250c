"""Size and complexity of the code: ``python benchmarks/structure.py``."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "slxrd"
#: Nodes that add a path through a function, as McCabe counts them.
BRANCHES = (ast.If, ast.For, ast.While, ast.AsyncFor, ast.ExceptHandler, ast.IfExp, ast.comprehension)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def complexity(function: Function) -> int:
    """Cyclomatic complexity: one, and one for each branch; those of functions inside count as well."""
    count = 1
    for node in ast.walk(function):
        if isinstance(node, BRANCHES):
            count += 1 + (len(node.ifs) if isinstance(node, ast.comprehension) else 0)
        elif isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        elif isinstance(node, ast.Match):
            count += len(node.cases)
    return count


def functions() -> Iterator[tuple[int, int, str]]:
    """Complexity, lines and name of each function."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function) and node.end_lineno is not None:
                name = f"{path.relative_to(SOURCE).as_posix()}:{node.name}"
                yield complexity(node), node.end_lineno - node.lineno + 1, name


def main() -> None:
    """Print modules and entries of each package, the longest modules and functions, the most complex ones."""
    lengths = {
        path.relative_to(SOURCE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in sorted(SOURCE.rglob("*.py"))
    }
    modules = {name: lines for name, lines in lengths.items() if not name.endswith("__init__.py")}
    packages = [path.parent for path in sorted(SOURCE.rglob("__init__.py"))]
    print(f"{len(modules)} modules in {len(packages)} packages, {sum(lengths.values())} lines")
    print(f"lines of a module: median {statistics.median(modules.values()):.0f}, longest:")
    for name in sorted(modules, key=lambda name: -modules[name])[:5]:
        print(f"  {modules[name]:4}  {name}")
    print("\nentries and modules of each package:")
    for package in packages:
        entries = [p for p in package.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()]
        inside = [p for p in package.rglob("*.py") if p.name != "__init__.py"]
        name = package.relative_to(SOURCE.parent).as_posix()
        print(f"  {len(entries) - 1:4} {len(inside):4}  {name}")
    found = list(functions())
    for title, place in (("longest functions (lines)", 1), ("highest cyclomatic complexity", 0)):
        print(f"\n{title}:")
        for row in sorted(found, key=lambda row: -row[place])[:10]:
            print(f"  {row[place]:4}  {row[2]}")


if __name__ == "__main__":
    main()
