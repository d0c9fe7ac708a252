//! Code that works when it is pasted: the reader's own address and token, and a first run.

/// The lines of a shell before a training starts.
pub(crate) fn shell(origin: &str, secret: &str) -> String {
    format!("export MLFLOW_TRACKING_URI={origin}\nexport MLFLOW_TRACKING_TOKEN={secret}")
}

/// The lines of a shell before a job that logs to a run, and the job.
pub(super) fn job(origin: &str, secret: &str, run: &str) -> String {
    format!("{}\nexport MLFLOW_RUN_ID={run}\npython train.py", shell(origin, secret))
}

/// Five lines that log a run.
pub(super) fn python() -> String {
    "import mlflow\n\
     mlflow.set_experiment(\"first-steps\")\n\
     with mlflow.start_run():\n    \
         mlflow.log_param(\"learning_rate\", 0.03)\n    \
         mlflow.log_metric(\"auc\", 0.94)\n"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_lines_and_both_variables() {
        assert_eq!(python().lines().count(), 5);
        assert!(python().contains("with mlflow.start_run():\n    mlflow.log_param"));
        assert!(job("http://localhost:8080", "x", "0a").ends_with("MLFLOW_TRACKING_TOKEN=x\nexport MLFLOW_RUN_ID=0a\npython train.py"));
        assert_eq!(shell("http://localhost:8080", "asy_x"), "export MLFLOW_TRACKING_URI=http://localhost:8080\nexport MLFLOW_TRACKING_TOKEN=asy_x");
    }
}
