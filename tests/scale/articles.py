"""Articles about invented people and places, what one process makes of them, and the comparison with what many made."""
import json
import subprocess

PLACES = ["Northmere", "Eastholm", "Karlow", "Vesk", "Aldbury", "Tarn"]
SAYERS = ["Anna Lund", "the harbour master", "Viktor Oya", "the ministry", "a spokeswoman for the port"]


def article(i):
    """The i-th article, always the same, as a line of JSON."""
    place, sayer = PLACES[i % len(PLACES)], SAYERS[i % len(SAYERS)]
    text = (
        f"{place} port to close for {i + 2} days\n\n"
        f"The port of {place} will close for {i + 2} days, {sayer} said on Monday, citing a report by the Herald. "
        f'"We have no choice," said Anna Lund. The union denied that {3 * i + 5} people would lose their work.\n'
    )
    return json.dumps({"id": f"a{i}", "text": text}, ensure_ascii=False)


def command(byline):
    """The program as a filter: a line in, a line out."""
    return [byline, "sources", "--input-format", "jsonl", "--format", "json", "--from", "en", "-"]


def single(byline, lines):
    """What one process answers."""
    done = subprocess.run(command(byline), input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def compare(name, found, expected):
    """Ends the program unless the same lines are there, each as often."""
    lost, more = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    doubled = len(found) - len(set(found))
    if lost or more or doubled:
        raise SystemExit(f"{name}: {len(lost)} lost, {len(more)} not expected, {doubled} doubled")
    print(f"{name}: {len(found)} results, the same as from one process")
