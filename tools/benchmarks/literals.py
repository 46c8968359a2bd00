"""Reads the literals that a Python file assigns at its top level, without running any of it."""

import ast

from benchmarks import Unusable

# Statements that assign no data.
SILENT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)


def refuse(node, problem):
    shown = ast.unparse(node)
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    raise Unusable(f"line {node.lineno}: {shown!r} {problem}")


def template(function):
    """The text that `lambda c: f"… {c} …"` returns, with {} in the place of its argument."""
    arguments = function.args
    if len(arguments.args) != 1 or ast.unparse(arguments) != arguments.args[0].arg:
        refuse(function, "does not take one plain argument")
    name = arguments.args[0].arg

    def text(node):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if "{}" in node.value:
                refuse(function, "has {} in its text")
            return node.value
        if isinstance(node, ast.Name) and node.id == name:
            return "{}"
        if isinstance(node, ast.FormattedValue) and node.conversion == -1 \
                and node.format_spec is None:
            return text(node.value)
        if isinstance(node, ast.JoinedStr):
            return "".join(map(text, node.values))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return text(node.left) + text(node.right)
        return refuse(node, "does more than place the argument in a text")

    return text(function.body)


def evaluate(node):
    """The value of a literal; a set or tuple becomes a list, a lambda its template."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float)):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [evaluate(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else refuse(node, "has a computed key")
                for key in node.keys]
        if len(set(keys)) < len(keys):
            refuse(node, "gives a key twice")
        return dict(zip(keys, map(evaluate, node.values)))
    if isinstance(node, ast.Lambda):
        return template(node)
    return refuse(node, "is not a literal")


def names_in(node):
    return [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]


def bound_by(statement):
    """The names that a silent statement binds."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
    return [statement.name] if hasattr(statement, "name") else []


class Literals:
    """`values` holds values by name, `refused` the reason why a name has none, `notes` other remarks.

    A name is used only if no statement except plain assignments of literals mentions it: the effect
    of any other statement would be known only by running the file.
    """

    def __init__(self, path):
        self.path = path
        self.values, self.refused, self.notes = {}, {}, []
        try:
            for statement in ast.parse(path.read_bytes()).body:
                self.read(statement)
        except OSError as error:
            raise Unusable(f"{path}: {error.strerror}") from error
        except SyntaxError as error:
            raise Unusable(f"{path} line {error.lineno}: {error.msg}") from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise Unusable(f"{path}: {error or type(error).__name__}; not Python") from error

    def get(self, name):
        if name in self.values:
            return self.values[name]
        reason = self.refused.get(name, "is not assigned")
        raise Unusable(f"{self.path}: {name} {reason}")

    def read(self, statement):
        if isinstance(statement, SILENT) or (
                isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            for name in bound_by(statement):
                self.distrust(name, f"line {statement.lineno} defines it differently")
            return
        targets = assigned(statement)
        try:
            if not targets:
                refuse(statement, "is not an assignment of a literal to a name")
            value = evaluate(statement.value)
        except Unusable as problem:
            for name in targets or names_in(statement):
                self.distrust(name, str(problem))
            self.notes.append(f"{', '.join(targets) or 'a statement'} left out: {problem}")
            return
        for name in targets:
            if name in self.values:
                self.notes.append(f"{name} assigned again in line {statement.lineno}, which counts")
            self.values[name] = value

    def distrust(self, name, reason):
        self.values.pop(name, None)
        self.refused[name] = f"cannot be used: {reason}"


def assigned(statement):
    """The plain names that the statement assigns; none if it does anything else."""
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    else:
        return []
    plain = all(isinstance(target, ast.Name) for target in targets)
    return [target.id for target in targets] if plain else []
