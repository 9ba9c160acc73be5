/** Date, time and date-time pickers, with the browser's own widgets. */
import { type ElementProps, useElement } from "./form";
import { plain } from "../text/Text";

const INPUT_TYPE: Record<string, "date" | "time" | "datetime-local"> = {
  datepicker: "date",
  timepicker: "time",
  datetimepicker: "datetime-local",
};

export function DateTimeField(props: ElementProps) {
  const { element, labelledBy, describedBy, invalid } = props;
  const { value, choose, hooks } = useElement(props);
  const shown = value?.selected_date ?? value?.selected_time ?? localMinute(value?.selected_date_time);
  return (
    <input
      class="field field-date"
      type={INPUT_TYPE[element.type] ?? "date"}
      value={shown ?? ""}
      aria-label={labelledBy ? undefined : plain(element.placeholder) || element.accessibility_label || "Date"}
      aria-labelledby={labelledBy}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      {...hooks}
      onChange={(event) => void choose(toValue(element.type, event.currentTarget.value))}
    />
  );
}

function toValue(type: string, text: string) {
  if (type === "datepicker") return { selected_date: text || null };
  if (type === "timepicker") return { selected_time: text || null };
  return { selected_date_time: text ? Math.floor(new Date(text).getTime() / 1000) : null };
}

/** Unix seconds as `YYYY-MM-DDTHH:MM` in the reader's zone. */
function localMinute(seconds: number | null | undefined): string | null {
  if (!seconds) return null;
  const date = new Date(seconds * 1000);
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}
