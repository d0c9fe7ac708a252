"""Trainings of PyTorch Lightning that log themselves: everything that MLflow's own server holds of them, Assay holds, and their models load again."""
import json
import os
import subprocess
import sys
import uuid

import mlflow
import pytest
from mlflow import MlflowClient

LIGHTNING = os.environ.get("ASSAY_TEST_LIGHTNING")
pytestmark = pytest.mark.skipif(not LIGHTNING, reason="needs PyTorch, which is half a gigabyte: only with infra/test --long")

TRAINING = '''
import json
import sys

import mlflow
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping
from sklearn.datasets import load_iris
from torch.utils.data import DataLoader, TensorDataset


class Flowers(pl.LightningModule):
    def __init__(self, width, rate):
        super().__init__()
        self.save_hyperparameters()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.ReLU(), torch.nn.Linear(width, 3))

    def forward(self, x):
        return self.layers(x)

    def measured(self, batch, name):
        x, y = batch
        found = self(x)
        loss = torch.nn.functional.cross_entropy(found, y)
        self.log(f"{name}_loss", loss, on_step=name == "train", on_epoch=True)
        self.log(f"{name}_accuracy", (found.argmax(1) == y).float().mean(), on_step=False, on_epoch=True)
        return loss

    def training_step(self, batch, _):
        return self.measured(batch, "train")

    def validation_step(self, batch, _):
        self.measured(batch, "val")

    def test_step(self, batch, _):
        self.measured(batch, "test")

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.rate)


def main(begin, settings):
    """Trains the same way every time, whatever the server: one thread, one seed."""
    {"mlflow.autolog": mlflow.autolog, "mlflow.pytorch.autolog": mlflow.pytorch.autolog}[begin](**json.loads(settings))
    torch.set_num_threads(1)
    pl.seed_everything(7)
    x, y = load_iris(return_X_y=True)
    order = torch.randperm(len(x))
    data = TensorDataset(torch.tensor(x, dtype=torch.float32)[order], torch.tensor(y)[order])
    parts = [DataLoader(torch.utils.data.Subset(data, range(*part)), batch_size=30) for part in ((0, 90), (90, 120), (120, 150))]
    trainer = pl.Trainer(
        max_epochs=40, accelerator="cpu", logger=False, enable_progress_bar=False, log_every_n_steps=1,
        callbacks=[EarlyStopping("val_loss", min_delta=0.02, patience=2)],
    )
    model = Flowers(width=16, rate=0.03)
    with mlflow.start_run() as run:
        trainer.fit(model, parts[0], parts[1])
        trainer.test(model, parts[2], verbose=False)
    with torch.no_grad():
        print(json.dumps({"run": run.info.run_id, "epochs": trainer.current_epoch, "outputs": model.eval()(data.tensors[0]).tolist(), "inputs": data.tensors[0].tolist()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
'''

# In another process, which has not seen the training: the model by each of its names, and the best checkpoint.
LOADING = '''
import json
import sys

import mlflow
import numpy as np
import torch

torch.set_num_threads(1)
run, x, *models = json.load(sys.stdin)
told = {}
for model in models:
    loaded = mlflow.pytorch.load_model(model)
    with torch.no_grad():
        told[model] = loaded.eval()(torch.tensor(x)).tolist()
    told[f"pyfunc {model}"] = mlflow.pyfunc.load_model(model).predict(np.array(x, dtype=np.float32)).tolist()
from training import Flowers

checkpoint = mlflow.pytorch.load_checkpoint(Flowers, run)
print(json.dumps({"loaded": told, "width": checkpoint.hparams.width}))
'''

# What every run has of its own.
OWN = {"mlflow.runName", "mlflow.log-model.history"}


class Server:
    """One of the two that the same training logs to."""

    def __init__(self, url, folder, token=None):
        self.url, self.folder = url, folder
        folder.mkdir()
        (folder / "training.py").write_text(TRAINING)
        (folder / "loading.py").write_text(LOADING)
        env = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        # The libraries of graphics cards are empty here: torch looks a function up when it calls it, and on the processor it calls none of theirs.
        env |= {"PYTHONPATH": LIGHTNING, "TORCH_USE_RTLD_GLOBAL": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        env |= {"MLFLOW_TRACKING_URI": url, "MLFLOW_EXPERIMENT_NAME": f"lightning {uuid.uuid4().hex}", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
        self.env = env | ({"MLFLOW_TRACKING_TOKEN": token} if token else {})

    def run(self, program, *arguments, told=None):
        """What a program prints in its last line. autolog() tells of its own failures only as warnings."""
        done = subprocess.run(
            [sys.executable, program, *arguments], cwd=self.folder, env=self.env, input=json.dumps(told), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600, check=False,
        )
        assert done.returncode == 0 and "Encountered unexpected error" not in done.stderr, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def held(self, run):
        """All that the server holds of a training, but ids and times; and its model."""
        mlflow.set_tracking_uri(self.url)
        client = MlflowClient(self.url)
        found = client.get_run(run)
        [output] = found.outputs.model_outputs
        model = client.get_logged_model(output.model_id)
        signature = mlflow.models.get_model_info(f"models:/{model.model_id}").signature
        return {
            "status": found.info.status,
            "params": found.data.params,
            "last": found.data.metrics,
            "curves": {name: [(point.step, point.value) for point in client.get_metric_history(run, name)] for name in found.data.metrics},
            "tags": {name: value for name, value in found.data.tags.items() if name not in OWN},
            "own tags": OWN & set(found.data.tags),
            "files": files(lambda path: client.list_artifacts(run, path)),
            "summary": mlflow.artifacts.load_text(f"runs:/{run}/model_summary.txt"),
            "model": (model.name, model.status, model.model_type, model.params, set(model.tags), output.step, model.source_run_id == run),
            "model's measurements": latest(model.metrics, run),
            "model's files": files(lambda path: client.list_logged_model_artifacts(model.model_id, path)),
            "signature": signature.to_dict(),
        }, model


def latest(metrics, run):
    """The last of a model's measurements by each name. MLflow's server lists all of them with the model; Assay those alone, and the others with the run."""
    found = {}
    for metric in sorted(metrics, key=lambda metric: (metric.step, metric.timestamp, metric.value)):
        found[metric.key] = (metric.step, metric.value, metric.run_id == run)
    return found


def files(listed, path=None):
    """Every file below a path."""
    found = []
    for entry in listed(path):
        found += files(listed, entry.path) if entry.is_dir else [entry.path]
    return sorted(found)


@pytest.mark.parametrize(("begin", "steps"), [("mlflow.pytorch.autolog", True), ("mlflow.autolog", False)])
def test_5_1a_a_training_of_lightning_logs_itself(connection, mlflow_server, tmp_path, monkeypatch, begin, steps):
    name = f"flowers-{uuid.uuid4().hex[:12]}"
    settings = {"log_every_n_step": 1, "registered_model_name": name} if steps else {}
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", connection["token"])
    assay = Server(os.environ["ASSAY_TEST_URL"], tmp_path / "assay", connection["token"])
    theirs = Server(mlflow_server, tmp_path / "mlflow")
    trained = {server: server.run("training.py", begin, json.dumps(settings)) for server in (assay, theirs)}
    made, epochs = trained[assay], trained[assay]["epochs"]
    assert (made["epochs"], made["outputs"]) == (trained[theirs]["epochs"], trained[theirs]["outputs"]), "two trainings that differ cannot be compared"
    expected, _ = theirs.held(trained[theirs]["run"])
    held, model = assay.held(made["run"])

    assert held["status"] == "FINISHED" and model.status == "READY"
    assert held["params"].items() >= {"epochs": "40", "optimizer_name": "Adam", "lr": "0.03", "monitor": "val_loss", "patience": "2"}.items()
    curve = held["curves"]["val_loss"]
    assert [step for step, _ in curve[:epochs]] == list(range(epochs)) and 5 < epochs < 40
    assert min(value for _, value in curve) < curve[0][1] / 2
    assert len(held["curves"]["train_loss_step"]) == (3 * epochs if steps else epochs)
    assert held["last"]["test_accuracy"] > 0.8
    differences = [f"{what}:\n  MLflow {expected[what]}\n  Assay  {held[what]}" for what in held if held[what] != expected[what]]
    assert not differences, "\n".join(differences)

    names = [f"models:/{model.model_id}", f"runs:/{made['run']}/model", *([f"models:/{name}/1"] if steps else [])]
    again = assay.run("loading.py", told=[made["run"], made["inputs"], *names])
    assert again["width"] == 16 and len(again["loaded"]) == 2 * len(names)
    for by, outputs in again["loaded"].items():
        assert outputs == made["outputs"], by
