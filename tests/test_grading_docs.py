"""The instructor's guide: its commands parse, its links lead somewhere, its manifests are as promised."""

import re
import shlex
import subprocess

import pytest
import yaml
from lesson_files import ROOT

from course_utils import cli

DOCS = ROOT / "docs"
GUIDE = (DOCS / "grading.md").read_text(encoding="utf-8")
SHELLS = ("grading/slurm.sh", "grading/kubernetes.yaml")
# What the shell puts in for each expression, so that argparse sees what it would see.
FILLED = [
    (r"\$\(\(.*?\)\)|\$part|\$\{?SLURM_ARRAY_TASK_ID\}?", "2"),
    (r"\$\{?SLURM_ARRAY_TASK_COUNT\}?", "4"),
    (r"\"?\$SEED\"?", "7"),
    (r"\$again", "--resume"),
    (r"\$\{SUBMISSIONS:-(\w+)\}", r"\1"),
    (r"\$out", "results/2"),
]


def commands(text):
    """The `course …` calls in blocks, in scripts and between backticks."""
    blocks = re.findall(
        r"^(?: {4,}|#   |# Afterwards:  )?(course (?:grade|build|data).*)$", text, re.MULTILINE
    )
    inline = re.findall(r"`(course grade [^`]+)`", text)
    return [*blocks, *inline]


def filled(command):
    for pattern, value in FILLED:
        command = re.sub(pattern, value, command)
    return shlex.split(command)


CALLS = [call for text in (GUIDE, *((DOCS / name).read_text() for name in SHELLS)) for call in commands(text)]


@pytest.mark.parametrize("call", CALLS)
def test_a_command_parses(call):
    args = cli.parse(filled(call)[1:])
    assert args.handler.startswith("course_utils.grading.batch.command:")
    assert "$" not in str(vars(args))


def test_the_commands_are_found():
    assert len(CALLS) >= 12
    assert sum("--shard" in call for call in CALLS) >= 6
    assert sum("grade merge" in call for call in CALLS) >= 3


def test_a_wrong_option_would_be_noticed(capsys):
    with pytest.raises(SystemExit):
        cli.parse(filled("course grade submissions/ --out results/ --no-such-option")[1:])
    assert "--no-such-option" in capsys.readouterr().err


def test_options_that_the_text_names_exist():
    known = options_of_the_parser()
    named = set(re.findall(r"`(--[a-z-]+)", GUIDE)) - {"--nbval", "--security-opt", "--cap-add", "--network"}
    assert named and named <= known


def options_of_the_parser():
    """Every option of `course grade` and `course grade merge`, from the parser itself."""
    parser = cli.build_parser()
    choices = next(
        action.choices for action in parser._actions if action.choices and "grade" in action.choices
    )
    return {option for name in ("grade", "grade merge") for option in choices[name]._option_string_actions}


def anchors(text):
    """The ids that GitHub gives to titles."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", GUIDE))
def test_a_link_leads_somewhere(target):
    path, _, anchor = target.partition("#")
    assert not path.startswith("http"), "the guide needs no network"
    if path:
        assert (DOCS / path).is_file()
    if anchor:
        assert anchor in anchors((DOCS / path).read_text() if path else GUIDE)


@pytest.mark.parametrize("name", re.findall(r"`(course_utils/[\w/]+\.py|tests/attacks)/?`", GUIDE))
def test_a_file_that_is_named_exists(name):
    assert (ROOT / name).exists()


def test_the_limits_are_those_of_the_code():
    from course_utils.checks import Exercise
    from course_utils.grade_options import SECONDS_PER_SUBMISSION
    from course_utils.grading.handed_in import archives
    from course_utils.grading.judging import stage
    from course_utils.grading.sandbox import sandbox

    limits, zips = sandbox.Limits(), archives.Limits()
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", GUIDE.partition("## Limits")[2], re.MULTILINE))
    assert rows["one call of an answer; running its cell"] == f"{Exercise.seconds:g} s; {stage.DEFINING:g} s"
    assert rows["one submission"] == f"{SECONDS_PER_SUBMISSION:g} s of wall time"
    assert rows["memory of a worker"].startswith(f"{limits.memory_bytes / 2**30:g} GiB")
    mebi = (limits.file_bytes // 2**20, limits.disk_bytes // 2**20)
    assert rows["files of a worker"] == f"{mebi[0]} MiB each, {mebi[1]} MiB in all"
    assert rows["output of a worker"] == f"{limits.log_bytes // 2**10} KiB"
    assert (
        rows["a notebook; a zip in a zip"]
        == f"{zips.notebook_bytes // 10**6} MB; {zips.zip_bytes // 10**6} MB"
    )
    notebooks = rows["notebooks in one zip; in one that lies beside other submissions"]
    assert notebooks == f"{zips.zip_notebooks:,}; {zips.student_notebooks}"


@pytest.fixture(scope="module")
def manifest():
    documents = list(yaml.safe_load_all((DOCS / "grading/kubernetes.yaml").read_text(encoding="utf-8")))
    return {document["kind"]: document for document in documents}


def test_the_network_policy_denies_everything_to_these_pods(manifest):
    spec = manifest["NetworkPolicy"]["spec"]
    assert set(spec["policyTypes"]) == {"Ingress", "Egress"}
    assert not {"ingress", "egress"} & set(spec)
    labels = manifest["Job"]["spec"]["template"]["metadata"]["labels"]
    assert spec["podSelector"]["matchLabels"].items() <= labels.items()


def test_the_job_is_indexed_and_its_parts_are_as_many_as_its_pods(manifest):
    job = manifest["Job"]["spec"]
    assert (job["completionMode"], manifest["Job"]["apiVersion"]) == ("Indexed", "batch/v1")
    script = job["template"]["spec"]["containers"][0]["args"][0]
    assert "JOB_COMPLETION_INDEX + 1" in script  # the index counts from 0, --shard from 1
    assert re.search(r"--shard \$part/(\d+)", script)[1] == str(job["completions"])


def test_the_pods_are_confined(manifest):
    pod = manifest["Job"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["automountServiceAccountToken"] is False
    container = pod["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert {"cpu", "memory"} <= set(container["resources"]["limits"])
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert mounts["/class/submissions"]["readOnly"] is True
    assert {mount["name"] for mount in mounts.values()} == {volume["name"] for volume in pod["volumes"]}


def test_the_workflow_of_the_students_only_runs_the_formative_checks():
    workflow = yaml.safe_load((DOCS / "grading/github-classroom.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    job = workflow["jobs"]["exercises"]
    ran = [step["run"] for step in job["steps"] if "run" in step]
    assert any(line.startswith("pytest --nbval lessons/") for line in ran)
    assert not any("course grade" in line or "solutions" in line for line in ran)
    assert all((ROOT / f"lessons/{name}.ipynb").is_file() for name in job["strategy"]["matrix"]["lesson"])


@pytest.mark.parametrize("script", ["slurm", "kubernetes"])
def test_the_shell_scripts_are_sound(script, manifest, tmp_path):
    if script == "slurm":
        text = (DOCS / "grading/slurm.sh").read_text(encoding="utf-8")
        assert re.search(r"^#SBATCH --mem=", text, re.MULTILINE)
    else:
        text = manifest["Job"]["spec"]["template"]["spec"]["containers"][0]["args"][0]
    path = tmp_path / "script.sh"
    path.write_text(text)
    subprocess.run(["bash", "-n", str(path)], check=True)


def run_with_a_pretended_course(tmp_path, script, environment):
    """What the script would call, told by a `course` that only writes down its arguments."""
    fake = tmp_path / "bin" / "course"
    fake.parent.mkdir(exist_ok=True)
    fake.write_text('#!/bin/sh\necho "$@"\n')
    fake.chmod(0o755)
    paths = {"PATH": f"{fake.parent}:/usr/bin:/bin", "SEED": "7"}
    call = ["bash", "-ceu", script]
    ran = subprocess.run(call, cwd=tmp_path, env={**paths, **environment}, text=True, capture_output=True)
    assert ran.returncode == 0, ran.stderr
    return cli.parse(shlex.split(ran.stdout))


def test_the_job_array_begins_and_goes_on(tmp_path):
    script = (DOCS / "grading/slurm.sh").read_text(encoding="utf-8")
    task = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_SUBMIT_DIR": str(tmp_path)}
    args = run_with_a_pretended_course(tmp_path, script, task)
    assert (args.shard, args.seed, args.out, args.resume) == ((3, 4), 7, "results/3", False)
    (tmp_path / "results" / "3").mkdir(parents=True)
    (tmp_path / "results" / "3" / "run.json").write_text("{}")
    assert run_with_a_pretended_course(tmp_path, script, task).resume


def test_the_pods_take_their_parts(tmp_path, manifest):
    script = manifest["Job"]["spec"]["template"]["spec"]["containers"][0]["args"][0]
    args = run_with_a_pretended_course(tmp_path, script, {"JOB_COMPLETION_INDEX": "0"})
    assert (args.shard, args.seed, args.tier) == ((1, 4), 7, "bubblewrap")
