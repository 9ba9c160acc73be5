/** Picks the component for one element. */
import { Buttonish, Overflow } from "./Buttons";
import { Choices } from "./Choices";
import { DateTimeField } from "./DateTimeField";
import type { ElementProps } from "./form";
import { Picture } from "./Blocks";
import { SelectField } from "./SelectField";
import { TextField } from "./TextField";

export function ElementView(props: ElementProps) {
  const { element } = props;
  switch (element.type) {
    case "button":
    case "workflow_button":
      return <Buttonish {...props} />;
    case "overflow":
      return <Overflow {...props} />;
    case "image":
      return <Picture url={element.image_url} alt={element.alt_text} />;
    case "radio_buttons":
    case "checkboxes":
      return <Choices {...props} />;
    case "datepicker":
    case "timepicker":
    case "datetimepicker":
      return <DateTimeField {...props} />;
    case "plain_text_input":
    case "number_input":
    case "email_text_input":
    case "url_text_input":
      return <TextField {...props} />;
  }
  if (element.type.endsWith("_select")) return <SelectField {...props} />;
  return <p class="faint">The sandbox does not draw “{element.type}” elements.</p>;
}
