//! The proof that a page may enter, asked anew for each connection.

use wasm_bindgen::JsCast;

use super::*;

/// Websockets that note what is sent in the global `said`.
fn overhearing() -> js_sys::Function {
    let class = "globalThis.said = []; return class extends WebSocket { \
                 send(text) { said.push(text); super.send(text); } }";
    js_sys::Function::new_no_args(class).call0(&JsValue::NULL).unwrap().unchecked_into()
}

/// The tokens that were sent since the last time.
fn tokens() -> String {
    let taken =
        r#"return said.splice(0).map((text) => text.match(/"token":"(.*)"}$/)?.[1]).filter(Boolean).join()"#;
    js_sys::Function::new_no_args(taken).call0(&JsValue::NULL).unwrap().as_string().unwrap()
}

#[wasm_bindgen_test]
async fn a_token_goes_with_the_first_message() {
    let Some(url) = server() else { return };
    let owner = Room::create(url).token("proof").web_socket(overhearing()).await.unwrap();
    assert_eq!(tokens(), "proof");
    owner.close().await;
    assert_eq!(Room::create(url).token("").await.unwrap_err().code(), &Code::InvalidArgument);
}

#[wasm_bindgen_test]
async fn a_function_is_asked_for_a_token_anew_at_each_connection() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let answers = Rc::new(RefCell::new(vec![Ok("two"), Err("the clock is wrong"), Ok(""), Ok("one")]));
    let asked = Rc::clone(&answers);
    let ((on_error, errors), (on_status, status)) = (recording::<RoomError>(), recording());
    let owner = Room::create(url)
        .token_with(move || {
            let answer = asked.borrow_mut().pop().unwrap();
            async move {
                next_task().await;
                answer.map(str::to_owned)
            }
        })
        .web_socket(overhearing())
        .on_error(on_error)
        .await
        .unwrap();
    owner.on_status(on_status);
    assert_eq!(tokens(), "one");

    sockets.cut();
    status.until(Status::Reconnecting).await;
    // The function fails twice. The page comes back all the same.
    support::wake_by("online");
    for cause in ["empty", "the clock is wrong"] {
        let error = errors.next().await;
        assert_eq!(error.code(), &Code::TokenFailed);
        assert!(error.message().contains(cause), "{error}");
    }
    status.until(Status::Connected).await;
    assert_eq!(tokens(), "two");
    assert!(errors.is_empty() && answers.borrow().is_empty());
    owner.close().await;
    assert_eq!(Rc::strong_count(&answers), 1, "at the end the function is dropped");
}

#[wasm_bindgen_test]
async fn without_a_first_token_there_is_no_room() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let failing = || async { Err::<String, _>("nobody is logged in") };
    let error = Room::create(url).token_with(failing).await.unwrap_err();
    assert_eq!(error.code(), &Code::TokenFailed);
    assert!(error.message().contains("nobody is logged in"), "{error}");

    fn panicking() -> std::future::Ready<Result<String, String>> {
        panic!("broken")
    }
    let error =
        Room::join(url, "67e55044-10b1-426f-9247-bb680e5fe0c8").token_with(panicking).await.unwrap_err();
    assert_eq!(error.code(), &Code::TokenFailed);
    assert_eq!(sockets.opened(), 0);
}
