/** Short names for the generated types. */
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type RunSummary = Schemas["RunSummary"];
export type RunDetail = Schemas["RunDetail"];
export type RunList = Schemas["RunList"];
export type RunRow = Schemas["RunRow"];
export type RunGroup = Schemas["RunGroupOut"];
export type RunGroups = Schemas["RunGroups"];
export type RunField = Schemas["RunFieldOut"];
export type BulkResult = Schemas["BulkResult"];
export type SavedView = Schemas["ViewOut"];
export type RunState = Schemas["RunState"];
export type RunConfig = Schemas["RunConfig"];
export type Provenance = Schemas["ProvenanceOut"];
export type RunHistory = Schemas["RunHistory"];
export type Command = Schemas["Command"];
export type CommandRequest =
  | Schemas["Pause"]
  | Schemas["Resume"]
  | Schemas["Stop"]
  | Schemas["CheckpointNow"]
  | Schemas["Extrapolate"]
  | Schemas["Veto"];
export type CommandOut = Schemas["CommandOut"];
export type Check = Schemas["Check"];
export type CheckSide = Schemas["Side"];
export type CheckPrompt = Schemas["PromptRead"];
export type CheckResponse = Schemas["ScoredResponse"];
export type Checkpoint = Schemas["CheckpointOut"];
export type LineageRun = Schemas["LineageRun"];
export type LineageLink = Schemas["LineageLink"];
export type Decision = Schemas["DecisionOut"];
export type Candidate = Schemas["CandidateOut"];
export type Sample = Schemas["SampleOut"];
export type PromptPoint = Schemas["PromptPoint"];
export type CurveGroup = Schemas["CurveGroup"];
export type LogLine = Schemas["LogLineOut"];
export type PanelTable = Schemas["PanelTable"];
export type Preset = Schemas["PresetOut"];
export type Entry = Schemas["EntryOut"];
export type EntryList = Schemas["EntryList"];
export type Plan = Schemas["PlanOut"];
export type DataIn = Schemas["DataIn"];
export type DataFound = Schemas["DataLook"];
export type SweepIn = Schemas["SweepIn"];
export type SweepCreate = Schemas["SweepCreate"];
export type ConfigDifference = Schemas["ConfigDifference"];
export type Speedup = Schemas["SpeedupOut"];
export type SpeedupRow = Schemas["SpeedupRowOut"];
export type SpeedupCell = Schemas["CellOut"];
export type Alert = Schemas["AlertOut"];
export type AlertKind = Schemas["AlertKind"];
export type AlertRule = Schemas["AlertRuleOut"];
export type AlertRuleDraft = Schemas["AlertRuleIn"];
export type Measures = Schemas["Measures"];
export type Measure = Schemas["MeasureOut"];
export type Severity = Schemas["Severity"];
export type Webhook = Schemas["WebhookOut"];
export type Ratio = Schemas["RatioOut"];
export type Worker = Schemas["WorkerOut"];
export type WorkerLoad = Schemas["WorkerLoad"];
export type Home = Schemas["HomeOut"];
export type ImportConfig = Schemas["ImportConfig"];
export type Folder = Schemas["FolderOut"];
export type Installation = Schemas["InstallationOut"];
export type Analysis = Schemas["AnalysisOut"];
export type AnalysisDetail = Schemas["AnalysisDetail"];
export type Variant = Schemas["VariantOut"];
export type Estimate = Schemas["EstimateOut"];
export type HubRepository = Schemas["HubRepository"];
export type Transfer = Schemas["Transfer"];
export type Parity = Schemas["Parity"];
export type HubAccess = Schemas["HubAccess"];
export type Export = Schemas["ExportOut"];
export type Playground = Schemas["PlaygroundOut"];
export type Voice = Schemas["Voice"];
export type AskedQuestion = Schemas["QuestionOut"];
export type AnswerPiece = Schemas["PieceOut"];
export type AnswerEnd = Schemas["Ending"];
export type TalkNews = Schemas["TalkOut"];
export type HeldOutPrompt = Schemas["HeldOutPrompt"];
export type Intervention = Schemas["InterventionOut"];

/** Left out = the server's own default. */
export type BulkChange = Pick<Schemas["BulkChange"], "action"> & Partial<Schemas["BulkChange"]>;

/** Left out = the server's own default. */
export type QuestionIn = Pick<Schemas["QuestionIn"], "voices"> & Partial<Schemas["QuestionIn"]>;

export interface RunError {
  error: string;
  detail: string;
  where: string | null;
}
export type Uploaded = Schemas["Uploaded"];
