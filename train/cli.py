"""`attendance train`: parses, calls the package, prints. Heavy libraries load in the command that needs them."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Make and measure encoders (needs the extra `train`).")

DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        help="Folder of the data sets.",
        envvar="ATTENDANCE_TRAIN_DATA",
        callback=lambda path: path.expanduser(),
    ),
]
DEFAULT_DATA = Path("../shared/data")


@app.command()
def fetch(
    what: Annotated[str, typer.Argument(help="mnist, cifar10, cifar100, imagenette, lfw, att or kaggle.")],
    out: Annotated[Path, typer.Option("--out", help="Folder that receives the set.")] = Path("data"),
    source: Annotated[Path | None, typer.Option("--from", help="A folder or zip that you already have.")] = None,
) -> None:
    """Fetch a public data set, or take it over from a folder or zip."""
    from train.data.fetch import fetch_set

    typer.echo(fetch_set(what, out, source))


@app.command()
def crops(
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Folders or zips with a folder of photos per person.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder that receives crops and faces.csv.")] = Path("data/crops"),
    names: Annotated[list[str] | None, typer.Option("--set", help="Name of each source's set; else its stem.")] = None,
    joins: Annotated[
        list[str] | None, typer.Option("--join", help="FOLDER:SET, a set of another faces.csv, splits kept.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="People to leave out: s31,s32 or a text file with a name a line.")
    ] = None,
    tree: Annotated[str, typer.Option(help="The folder that counts where photos are there twice.")] = "",
    dev: Annotated[float, typer.Option(help="Share of the people kept out of training, to choose on.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Draws these people.", min=0)] = 1,
    form: Annotated[str, typer.Option("--format", help="webp or png.")] = "webp",
    processes: Annotated[int, typer.Option(help="Worker processes; 0: one a core.", min=0)] = 0,
) -> None:
    """Cut aligned faces out of photos and list them in faces.csv, for training; the same command goes on."""
    from train.data.crops import Choice, make_crops
    from train.data.without import read_without

    choice = Choice(dev, seed, read_without(without or ()), processes, f".{form}", tree)
    typer.echo(make_crops(sources or (), out, choice, names=names or (), joins=joins or ()))


@app.command()
def clean(
    source: Annotated[Path, typer.Argument(help="Folder of faces.csv, or another manifest beside the crops.")],
    encoder: Annotated[str, typer.Option(help="A shipped encoder, or a folder with a card.")] = "default",
    out: Annotated[Path | None, typer.Option("--out", help="List of findings; else cleaning.csv beside it.")] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="Zip of people who must not be trained on: look-alikes are found.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write faces-cleaned.csv, too.")] = False,
    noise: Annotated[float, typer.Option(help="Least cosine of a photo to its person's others.")] = 0.2,
    name: Annotated[float, typer.Option(help="Cosine of two people's centres above which they may be one.")] = 0.6,
    look_alike: Annotated[float, typer.Option(help="Cosine to a photo of --against above which one is dropped.")] = 0.5,
    threads: Annotated[int, typer.Option(help="Threads of the encoder; 0: one a core.", min=0)] = 0,
) -> None:
    """List wrong labels, near duplicates, double names and look-alikes of test people, by a finished encoder."""
    from train.data.manifest import manifest_path
    from train.measure.cleaning import Limits, clean_faces

    limits = Limits(noise=noise, name=name, look_alike=look_alike)
    listed = out or manifest_path(source).with_name("cleaning.csv")
    typer.echo(
        clean_faces(source, encoder, out=listed, limits=limits, against=against or (), apply=apply, threads=threads)
    )


def shipped(name: str) -> Path:
    """The recipe of that name; raises RecipeInvalid with the names that there are."""
    from train.recipe import RECIPES

    path = RECIPES / f"{name}.toml"
    if not path.is_file():
        from train.errors import RecipeInvalid

        names = ", ".join(sorted(recipe.stem for recipe in RECIPES.glob("*.toml")))
        raise RecipeInvalid(name, f"no recipe ships under that name; there are {names}")
    return path


@app.command()
def fit(
    recipe: Annotated[Path, typer.Argument(help="A recipe, or the name of one that ships.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run; one that exists is continued.")] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Train by a recipe; the same command continues a run that was stopped."""
    from train.fitting import fit_recipe

    path = recipe if recipe.suffix else shipped(str(recipe))
    typer.echo(fit_recipe(path, out or Path("runs") / path.stem, data))


@app.command()
def crossvalidate(
    recipe: Annotated[Path, typer.Argument(help="A recipe of the workbench, or the name of one that ships.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the folds and their table; one that exists is continued.")
    ] = None,
    folds: Annotated[int, typer.Option(help="Into so many parts the people are cut.", min=2)] = 5,
    people: Annotated[str | None, typer.Option(help="Numbers of AT&T's people, as 1-30; else all before test.")] = None,
    seeds: Annotated[
        list[int] | None, typer.Option("--seed", help="Train each fold by this seed, too; else the recipe's.", min=0)
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Try a recipe's settings on people left out in turn; its test people are never read.

    Prints ROC-AUC by fold, their mean and how far folds and seeds lie apart, and writes crossvalidation.md and .csv.
    The same command goes on where it stood.
    """
    from train.workbench.crossvalidation import cross_validate_file, read_people

    path = recipe if recipe.suffix else shipped(str(recipe))
    place = out or Path("runs") / f"{path.stem}-crossvalidation"
    chosen = None if people is None else read_people(people)
    typer.echo(cross_validate_file(path, place, data, folds=folds, seeds=tuple(seeds or ()), people=chosen))


@app.command(name="eval")
def evaluate(
    encoders: Annotated[
        list[str],
        typer.Argument(
            help="Names, folders with a card, runs of fit, ONNX files, peer:mobilefacenet, peer:0095, peer:sface, "
            "peer:pair (the first two side by side), peer:dlib."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of tables, plots and sheets.")] = Path("runs/eval"),
    people: Annotated[str, typer.Option(help="test: all protocols; dev: development people, to choose by.")] = "test",
    left_out: Annotated[bool, typer.Option(help="Measure groups with cohorts made without their set, too.")] = False,
    mirror: Annotated[bool, typer.Option(help="With --people dev: also average crops with mirror images.")] = False,
    record: Annotated[bool, typer.Option(help="Write the figures into the encoders' cards.")] = False,
    realised: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            help="Measure only the FPIR that the cards' thresholds realise with so many enrolled; may be repeated.",
        ),
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="The encoder, as given, that all others are compared with; else the first.")
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Measure encoders by every protocol, all in one run; or on development people alone.

    Two or more are compared, too: differences with 95 % intervals (paired bootstrap).
    People are drawn 1,000 times, the same for both, and thresholds are found anew.
    An interval without 0 reads better or worse, any other no difference shown.
    Tables, paired.csv and (test people) metrics.json tell it.
    """
    from train.measure.evaluation import evaluate_all, evaluate_dev, evaluate_realised

    if people not in {"test", "dev"}:
        raise typer.BadParameter(f"expected test or dev, got {people!r}", param_hint="--people")
    if (people == "dev" and (left_out or record)) or (people == "test" and mirror):
        raise typer.BadParameter(
            "--left-out and --record go with test people, --mirror with dev", param_hint="--people"
        )
    if against is not None and (against not in encoders or len(set(encoders)) == 1):
        raise typer.BadParameter(
            f"expected one of two or more encoders given ({', '.join(encoders)}), got {against!r}",
            param_hint="--against",
        )
    if realised and (left_out or record or mirror or against is not None):
        raise typer.BadParameter("no other measurement goes with it", param_hint="--realised")
    if realised:
        evaluate_realised(encoders, data, out, realised, people=people)
    elif people == "dev":
        evaluate_dev(encoders, data, out, mirror=mirror, against=against)
    else:
        evaluate_all(encoders, data, out, record=record, without=left_out, against=against)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run of `fit`.")],
    to: Annotated[Path, typer.Option("--to", help="Folder that receives what was trained, and its card.")],
    identifier: Annotated[str, typer.Option("--id", help="Its id, such as default-2026.2 or objects-pair.")],
    mirror: Annotated[bool, typer.Option(help="Average each crop with its mirror image at run time.")] = False,
    storage: Annotated[str, typer.Option(help="How weights are kept: float32, float16, int8 or int4.")] = "float16",
    integers: Annotated[
        bool, typer.Option("--integers", help="Compute most of SFace in 8-bit integers: two fifths less time.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Write a trained encoder with its cohort, score model and card, or a trained detector with its card.

    A run of the workbench becomes a folder that the page Similarity of `attendance serve` compares pictures with.
    """
    from train.exporting import export_run

    typer.echo(export_run(run, to, identifier, data, mirror=mirror, storage=storage, integers=integers))


@app.command()
def calibrate(
    folder: Annotated[Path, typer.Argument(help="Folder of an exported encoder.")],
    identifier: Annotated[str, typer.Option("--id", help="Its new id, such as default-2026.5.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Make an encoder's cohort and score model anew from the crops at hand; its network stays as it is."""
    from train.ship.shipping import recalibrate

    typer.echo(recalibrate(folder, identifier, data))


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished runs of the workbench.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the table and the curves.")] = Path("runs/compared"),
    encoders: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder", help="A shipped encoder, or a folder with a card, asked the same about runs of aligned faces."
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Put finished runs side by side: a table, and their curves over each other.

    With --encoder a second table tells what each step is worth on the first run's test people.
    Plain pixels, each network before training, each run, then the encoders.
    """
    from train.workbench.compare import compare_runs

    typer.echo(compare_runs(runs, out, tuple(encoders or ()), data))


@app.command()
def demo(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run of the workbench.")],
    pictures: Annotated[Path | None, typer.Option(help="Folder of pictures to search for neighbours.")] = None,
    port: Annotated[int, typer.Option(help="Port on this machine.", min=1, max=65535)] = 8501,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Open a page that compares two or three pictures and finds neighbours (needs the extra `demo`)."""
    from train.workbench.demo import serve

    raise typer.Exit(serve(run, pictures, port, browser=browser))


if __name__ == "__main__":
    app()
