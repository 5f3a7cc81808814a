import { Button, Group } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { launchDemo } from "~/api/launch";
import { runKeys } from "~/api/runs";
import { workersQuery } from "~/api/workers";
import { ButtonLink } from "./ButtonLink";
import { Empty } from "./Empty";
import { ErrorBox } from "./ErrorBox";

/** A fresh installation: the next action. */
export function FirstRun() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const { data } = useQuery(workersQuery());
  const demo = useMutation({
    mutationFn: launchDemo,
    onSuccess: async ({ runs: [first] }) => {
      void cache.invalidateQueries({ queryKey: runKeys.lists });
      if (first) await navigate({ to: "/runs/$runId", params: { runId: first.id } });
    },
  });
  return (
    <div className="card" style={{ padding: "32px 24px" }}>
      <Empty
        title="Nothing has been launched yet"
        action={
          <Group justify="center" gap={8} mt={8}>
            <Button
              variant="filled"
              size="sm"
              loading={demo.isPending}
              onClick={() => demo.mutate()}
              data-testid="launch-demo"
            >
              Launch the demo
            </Button>
            <ButtonLink to="/launch" size="sm">
              Set up a run of your own
            </ButtonLink>
          </Group>
        }
      >
        The demo trains a 0.3M-parameter model four times on this installation's worker, about two minutes in all:
        EffOPD, whose page opens, then plain OPD at the same and at ten times the rate and a line search, against which
        its speed-up is measured. It shows every picture that a large run would.
        {data?.workers.every(({ alive }) => !alive) && (
          <strong data-testid="demo-waits"> No worker is alive: the runs wait until one starts.</strong>
        )}
      </Empty>
      {demo.error && <ErrorBox title="The demo was not launched" error={demo.error} />}
    </div>
  );
}
