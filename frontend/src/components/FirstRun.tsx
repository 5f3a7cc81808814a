import { Group } from "@mantine/core";
import { ButtonLink } from "./ButtonLink";
import { Empty } from "./Empty";

/** A fresh installation: the next action. */
export function FirstRun() {
  return (
    <div className="card" style={{ padding: "32px 24px" }}>
      <Empty
        title="Nothing has been launched yet"
        action={
          <Group justify="center" gap={8} mt={8}>
            <ButtonLink variant="filled" to="/launch" search={{ preset: "demo-effopd" }} size="sm">
              Launch the demo: EffOPD
            </ButtonLink>
            <ButtonLink to="/launch" search={{ preset: "demo-opd" }} size="sm">
              Launch the demo: OPD
            </ButtonLink>
            <ButtonLink to="/launch" size="sm">
              Set up a run of your own
            </ButtonLink>
          </Group>
        }
      >
        A demo run distills a 0.3M-parameter model on this machine in about half a minute, and shows every picture that
        a large run would.
      </Empty>
    </div>
  );
}
