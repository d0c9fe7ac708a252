use leptos::prelude::*;
use shared::ErrorCode;

use super::Part;
use crate::{
    api::{ApiError, Moment},
    kit::{
        Avatar, Button, ButtonKind, Callout, Card, Chip, CodeBlock, CopyButton, Copyable, Elapsed, Empty, Fact, Facts, Failure, Glyph, Icon,
        IconButton, Keys, RelativeTime, RunStatus, Shape, Skeleton, Stat, Tone, moment, number, shortened, use_clock,
    },
};

/// Buttons, words with colours, numbers, times, cards, code.
#[component]
pub(super) fn Basics() -> impl IntoView {
    let now = untrack(|| use_clock().now());
    let run = "run_0192a7c4e1b87f10a2c3d4e5f6071829";
    let status = ["FINISHED", "RUNNING", "FAILED", "KILLED", "SCHEDULED"].map(|status| view! { <RunStatus status/> }).into_iter().collect_view();
    let times = [20_000.0, 720_000.0, 7_300_000.0, 100_000_000.0, 420_000_000.0, 2_000_000_000.0]
        .map(|ago| view! { <span class="muted"><RelativeTime at=Moment(now - ago)/></span> })
        .into_iter()
        .collect_view();
    let numbers = [0.980_234, 1_204_331.0, 0.000_012_34, f64::NAN, f64::NEG_INFINITY]
        .map(|value| view! { <code>{number::number(value)}</code> })
        .into_iter()
        .collect_view();
    let snippet = "import mlflow\nfrom sklearn.ensemble import GradientBoostingClassifier\n\nmlflow.set_tracking_uri(\"https://assay.example\")\nmlflow.sklearn.autolog()  # every fit is a run\n\nwith mlflow.start_run(run_name=\"first\"):\n    GradientBoostingClassifier(n_estimators=400).fit(x, y)\n";
    view! {
        <Part id="basics" title="Basics">
            <div class="stats">
                <Stat label="auc" value="0.9793" note="\u{25B2} 0.0041 over production 1.4.2" tone=Tone::Good/>
                <Stat label="log_loss" value="0.1284" note="best 0.1261 at step 812"/>
                <Stat label="latency_p95" value="38 ms" note="\u{25BC} 4 ms slower" tone=Tone::Bad/>
                <Stat label="duration" value=moment::duration(833_000.0) note="2 of 3 steps"/>
            </div>
            <div class="split">
                <div class="stack">
                    <Card title="Buttons and words">
                        <div class="stack">
                            <div class="row">
                                <Button kind=ButtonKind::Primary icon=Icon::PLUS on_press=|| {}>"New experiment"</Button>
                                <Button icon=Icon::DOWNLOAD on_press=|| {}>"Export"</Button>
                                <Button kind=ButtonKind::Quiet on_press=|| {}>"Not now"</Button>
                                <Button kind=ButtonKind::Danger on_press=|| {}>"Remove run"</Button>
                                <Button disabled=true on_press=|| {}>"Not allowed"</Button>
                                <Button busy=true on_press=|| {}>"Saving"</Button>
                                <Button small=true on_press=|| {}>"Small"</Button>
                                <IconButton icon=Icon::PENCIL label="Rename" on_press=|| {}/>
                            </div>
                            <div class="row">{status}<Chip>"plain"</Chip><Chip tone=Tone::Gold>"staging"</Chip><Chip tone=Tone::Warn>"drifted"</Chip></div>
                            <div class="row">{times}</div>
                            <div class="row">{numbers}<span class="muted">{number::counted(1_284, "run", "runs")}</span><span class="muted">{number::bytes(14_200_000)}</span><span class="muted"><Elapsed from=Moment(now - 473_000.0) until=None/></span></div>
                            <div class="row"><Avatar name="Ada Engineer"/><Avatar name="D. Scientist"/><Keys keys="mod+k"/><Keys keys="g e"/><Glyph icon=Icon::FLASK_CONICAL/><CopyButton text="amber-finch-823" what="the name"/><i class="dot s1"></i><i class="dot s2"></i><i class="dot s3"></i><i class="dot s4"></i><i class="dot s5"></i><i class="dot s6"></i></div>
                        </div>
                    </Card>
                    <Callout tone=Tone::Bad><b>"The last checkpoint is older than the run."</b>" Nothing was lost; the artifact of step 800 is still there. "<a class="link" href="#basics">"Look at the artifacts"</a></Callout>
                    <Callout tone=Tone::Warn>"This experiment keeps 30 days of runs."</Callout>
                    <Callout tone=Tone::Good>"The chain of the audit log is whole."</Callout>
                    <Callout>"Values are averaged over the folds."</Callout>
                </div>
                <div class="stack">
                    <Card title="Details">
                        <Facts>
                            <Fact label="Run id"><Copyable text=run shown=shortened(run) what="the run id"/></Fact>
                            <Fact label="Commit"><Copyable text="9c41e7a" what="the commit"/></Fact>
                            <Fact label="Dataset">"tx-2026-10 " <span class="faint mono">"v17"</span></Fact>
                            <Fact label="Started"><RelativeTime at=Moment(now - 1_860_000.0)/></Fact>
                        </Facts>
                    </Card>
                    <CodeBlock code=snippet label="Python"/>
                </div>
            </div>
        </Part>
    }
    .into_any()
}

/// Nothing yet, not yet, not to be had.
#[component]
pub(super) fn States() -> impl IntoView {
    let error = ApiError {
        code: ErrorCode::Internal,
        message: "Something went wrong on the server.".into(),
        reference: Some("req_0192a7c4".into()),
        field: None,
    };
    let action = || view! { <CodeBlock code="pip install mlflow\npython train.py" label="Shell"/> };
    view! {
        <Part id="states" title="Empty, loading, failed">
            <div class="columns">
                <Card><Empty icon=Icon::FLASK_CONICAL title="No runs yet" action=action>"A run appears here as soon as a training logs to this experiment."</Empty></Card>
                <div class="stack"><Skeleton shape=Shape::Rows(5)/><Card><FailureSample error/></Card></div>
            </div>
        </Part>
    }
    .into_any()
}

/// The failure as it looks, without turning this page's answer into an error.
#[component]
fn FailureSample(error: ApiError) -> impl IntoView {
    provide_context(crate::Respond::new(|_| {}));
    view! { <Failure error/> }
}
